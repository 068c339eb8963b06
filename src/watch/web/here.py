"""The site that a service shows: its configuration as it is now, and its database."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from ...basics.errors import InputError
from ..site import PlateList, Site
from ..store import SiteStore


class SiteHere:
    """A site's configuration, read again when its file changes, and its database."""

    def __init__(self, path: Path, server_tokens: frozenset[str]) -> None:
        """Read and open them; raises :class:`InputError` where that cannot be done."""
        self.path, self.server_tokens = path, server_tokens
        #: Held by whoever changes the file.
        self.changing = threading.Lock()
        self._changed, self._site = _change_of(path), Site.load(path)
        self.store = SiteStore(self._site.site.database)

    @property
    def site(self) -> Site:
        """The configuration; that of before while the file has a fault, as the watcher has it."""
        changed = _change_of(self.path)
        if changed != self._changed:
            self._changed = changed
            try:
                self._site = Site.load(self.path)
            except InputError:
                return self._site
        return self._site

    def list_of(self, name: str) -> PlateList:
        """The list of a name; an answer of 404 where there is none."""
        for one in self.site.lists:
            if one.name == name:
                return one
        raise HTTPException(404, "there is no such list in site.toml")


def _change_of(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


async def site_of(connection: HTTPConnection) -> SiteHere:
    """The site of the service that a request came to."""
    return cast(SiteHere, connection.app.state.site)


#: Parameters of endpoints: the site, a transaction that looks, and one that changes.
Here = Annotated[SiteHere, Depends(site_of)]


def _reading(here: Here) -> Iterator[Session]:
    with here.store.reading() as session:
        yield session


def _writing(here: Here) -> Iterator[Session]:
    with here.store.writing() as session:
        yield session


#: The transaction ends before the answer is sent: whoever has it can rely on it.
Looking = Annotated[Session, Depends(_reading, scope="function")]
Changing = Annotated[Session, Depends(_writing, scope="function")]
