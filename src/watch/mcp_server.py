"""The command ``numberplate mcp``: a server of the Model Context Protocol that reads plates and searches a site."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import AwareDatetime, Field

from .. import __version__
from ..basics.errors import InputError
from ..media.inputs import ImageSource, VideoSource, open_input, printable
from ..pipeline import read
from ..recognition.options import ReadOptions
from ..video.options import VideoOptions
from .commands import EXIT_BAD_SITE
from .searching import SightingFilter, find_sightings
from .site import Site
from .store import SiteStore
from .web.answers import SightingPage, sighting_answer

_WHO = "MCP"
_LOGGER = logging.getLogger(__name__)


def run_mcp(arguments: Sequence[str] | None = None, program: str = "python -m src mcp") -> int:
    """Serve on the standard input and output until that is closed; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog=program, description="Read plates, and search a site, for a program that speaks MCP, over stdio."
    )
    parser.add_argument("--site", type=Path, help="its configuration, to search its sightings")
    options = parser.parse_args(arguments)
    # What is said on stdout is the protocol's.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        server = mcp_server(options.site)
    except InputError as error:
        for line in str(error).splitlines():
            _LOGGER.error("%s", line)
        return EXIT_BAD_SITE
    server.run("stdio")
    return 0


def mcp_server(path: Path | None) -> MCPServer:
    """The server, which searches a site where one is given; raises :class:`InputError` where that has a fault."""
    server = MCPServer("numberplate", version=__version__)
    server.tool()(read_plates)
    if path is None:
        return server
    site = Site.load(path)
    store = SiteStore(site.site.database)

    # The protocol shows the name, and the docstring, to whoever calls it.
    @server.tool(name="find_sightings")
    def search(
        text: Annotated[str, Field(description="a plate; * stands for any characters; empty for all")] = "",
        look_alikes: Annotated[bool, Field(description="whether 0 finds O, 8 finds B, and so on")] = True,
        camera: Annotated[str, Field(description="the name of a camera")] = "",
        region: Annotated[str, Field(description="such as de or us-ca")] = "",
        list: Annotated[str, Field(description="the name of a list of plates")] = "",
        since: Annotated[AwareDatetime | None, Field(description="seen first at this time or later")] = None,
        until: Annotated[AwareDatetime | None, Field(description="seen first before this time")] = None,
        limit: Annotated[int, Field(ge=1, le=500)] = 50,
        before: Annotated[str, Field(description="`next` of the page before")] = "",
    ) -> SightingPage:
        """Find vehicles that passed the cameras of the site, newest first, page by page."""
        wanted = SightingFilter(
            text=text, look_alikes=look_alikes, camera=camera, region=region, list=list, since=since, until=until
        )
        try:
            if text and not before:
                hidden = wanted.model_copy(update={"text": site.site.stored(text)})
                store.audit(_WHO, "search", hidden.told())
            with store.reading() as session:
                rows, following = find_sightings(session, site, wanted, limit, before)
                return SightingPage(sightings=[sighting_answer(one) for one in rows], next=following)
        except InputError as error:
            raise ToolError(str(error)) from error

    return server


def read_plates(
    path: Annotated[str, Field(description="a picture or a video on this machine")],
    regions: Annotated[list[str], Field(description="whose plates they are, if known, such as de or us-ca")] = [],  # noqa: B006
) -> dict[str, Any]:
    """Find and read the number plates in a picture, or of each vehicle in a video."""
    try:
        options = ReadOptions(regions=tuple(regions))
        source = open_input(Path(path))
        if not isinstance(source, ImageSource | VideoSource):
            raise InputError(f"{printable(path)}: give the path of one picture or video")
        return read(Path(path), options=options, video=VideoOptions(hidden=True)).to_dict()
    except InputError as error:
        raise ToolError(str(error)) from error
