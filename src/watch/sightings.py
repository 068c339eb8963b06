"""What a camera has seen becomes rows: sightings, and what the site's rules make of them, in one transaction each."""

import dataclasses
import datetime
import hashlib
import os
import re
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import __version__
from ..basics.geometry import FloatArray
from ..media.leftovers import temporary_beside
from .events import tell, told_sighting
from .lists import ListMatch, Lists
from .matching import canonical, search_form
from .parking import direction_of, note_passing
from .passages import note_speeds
from .road import RoadPlane
from .site import Camera, Site
from .store import SiteStore
from .tables import Alert, Sighting, new_id, now

#: After a restart, what was read of a vehicle before it goes on for so many seconds.
CONTINUED_S = 10.0


@dataclasses.dataclass(frozen=True)
class SeenCrossing:
    """A line was crossed."""

    line: str
    direction: str
    at: datetime.datetime


@dataclasses.dataclass(frozen=True, eq=False)
class Passing:
    """A vehicle before a camera, as far as it is known."""

    text: str
    confidence: float
    candidates: tuple[tuple[str, float], ...]
    region: str | None
    first_at: datetime.datetime
    last_at: datetime.datetime
    crossings: tuple[SeenCrossing, ...] = ()
    #: When and where its plate was seen: seconds, and ``[N, 2]`` pixels.
    times_s: tuple[float, ...] = ()
    points: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 2), np.float32))
    #: The picture that it was read in, and the part that shows its plate, as JPEG; and the size of the picture.
    frame: bytes | None = None
    crop: bytes | None = None
    size: tuple[int, int] = (0, 0)


class Recorder:
    """Writes what one camera has seen."""

    def __init__(self, site: Site, store: SiteStore, camera: Camera) -> None:
        self._site, self._store, self._camera = site, store, camera
        self._lists = Lists(site.lists)
        self._planes: dict[tuple[int, int], list[RoadPlane]] = {}

    def notice(self, passing: Passing) -> str:
        """A vehicle whose text is sure is there: lists are met now, before it has gone; returns its sighting."""
        return self._record(passing, None, is_complete=False)

    def complete(self, passing: Passing, known: str | None) -> str:
        """A vehicle has gone; ``known`` is its sighting, if it was noticed before."""
        return self._record(passing, known, is_complete=True)

    def finish(self, before: datetime.datetime, is_whole: bool = False) -> None:
        """Sightings that nobody continues, as the process was killed, end with what was known."""
        with self._store.writing() as session:
            left = select(Sighting).where(
                Sighting.camera == self._camera.name, ~Sighting.is_complete, Sighting.last_at < before
            )
            for sighting in session.scalars(left).all():
                self._complete(session, sighting, None, is_whole)

    def _record(self, passing: Passing, known: str | None, is_complete: bool) -> str:
        shown = self._store_pictures(passing)
        with self._store.writing() as session:
            self._lists.refresh(session)
            sighting = session.get(Sighting, known) if known else self._continued(session, passing)
            if sighting is None:
                sighting = Sighting(id=new_id(), camera=self._camera.name, is_complete=False, crossings=[])
                session.add(sighting)
            elif sighting.is_complete:
                # A recording that is read again after a stop.
                return sighting.id
            self._fill(sighting, passing, shown)
            session.flush()
            self._meet_lists(session, sighting, passing)
            if is_complete:
                self._complete(session, sighting, passing)
            return sighting.id

    def _continued(self, session: Session, passing: Passing) -> Sighting | None:
        """What was known of the same vehicle before this process was started, or the recording is read again."""
        form, gap = self._site.site.stored(canonical(passing.text)), datetime.timedelta(seconds=CONTINUED_S)
        near = select(Sighting).where(
            Sighting.camera == self._camera.name,
            Sighting.canonical == form,
            Sighting.first_at <= passing.last_at,
            Sighting.last_at >= passing.first_at - gap,
        )
        for one in session.scalars(near.order_by(Sighting.last_at.desc())):
            if not one.is_complete or one.last_at >= passing.first_at:
                return one
        return None

    def _fill(self, sighting: Sighting, passing: Passing, shown: dict[str, str]) -> None:
        sighting.first_at = min(sighting.first_at or passing.first_at, passing.first_at)
        sighting.last_at = max(sighting.last_at or passing.last_at, passing.last_at)
        sighting.text, sighting.canonical = (
            self._site.site.stored(passing.text),
            self._site.site.stored(canonical(passing.text)),
        )
        sighting.form = search_form(sighting.corrected_text or sighting.text)
        sighting.region, sighting.confidence, sighting.version = passing.region, passing.confidence, __version__
        sighting.candidates = [] if self._site.site.hash_key else [list(pair) for pair in passing.candidates]
        sighting.crossings = [
            {"line": one.line, "direction": one.direction, "at": one.at.isoformat()} for one in passing.crossings
        ]
        for name, value in shown.items():
            setattr(sighting, name, value)

    def _complete(self, session: Session, sighting: Sighting, passing: Passing | None, is_whole: bool = True) -> None:
        """What rules make of a vehicle that has gone, maybe without being seen to its end."""
        sighting.is_complete = True
        sighting.direction = direction_of(self._camera, sighting)
        if passing is not None:
            note_speeds(session, self._site, self._camera, sighting, passing, self._planes_of(*passing.size))
        note_passing(session, self._site, self._camera, sighting, is_whole)
        tell(session, self._site, "plate.sighting", self._camera.name, sighting.last_at, told_sighting(sighting))

    def _planes_of(self, width: int, height: int) -> list[RoadPlane]:
        if (width, height) not in self._planes and width:
            self._planes[width, height] = [RoadPlane(road, width, height) for road in self._camera.road]
        return self._planes.get((width, height), [])

    def _meet_lists(self, session: Session, sighting: Sighting, passing: Passing) -> None:
        matches = self._lists.matches(passing.candidates or ((passing.text, passing.confidence),), passing.last_at)
        allowed = [match for match in matches if match.of.kind == "allow"]
        for match in matches:
            if match.of.kind != "allow":
                self._alert(session, sighting, match)
        denied = any(match.of.kind == "deny" for match in matches)
        # A barrier opens for what is read for sure, and once.
        sure = [match for match in allowed if match.is_sure]
        if sure and not denied and not sighting.is_complete and not sighting.gate_opened:
            sighting.gate_opened = True
            data = told_sighting(sighting) | {
                "list": sure[0].of.name,
                "entry": self._site.site.stored(sure[0].entry.text),
                "note": sure[0].entry.note,
            }
            tell(session, self._site, "gate.open", self._camera.name, sighting.last_at, data)

    def _alert(self, session: Session, sighting: Sighting, match: ListMatch) -> None:
        list_name, text = match.of.name, self._site.site.stored(match.entry.text)
        known = session.scalars(select(Alert).where(Alert.sighting_id == sighting.id, Alert.list == list_name)).all()
        if any(one.entry_text == text or one.state != "needs_review" for one in known):
            return
        for one in known:
            if one.distance <= match.distance:
                return
        alert = Alert(
            id=new_id(),
            sighting_id=sighting.id,
            list=list_name,
            kind=match.of.kind,
            entry_text=text,
            note=match.entry.note,
            priority=match.entry.priority,
            distance=match.distance,
            state="sure" if match.is_sure else "needs_review",
            raised_at=now(),
        )
        session.add(alert)
        data = told_sighting(sighting) | {
            "alert": alert.id,
            "list": alert.list,
            "kind": alert.kind,
            "entry": alert.entry_text,
            "note": alert.note,
            "priority": alert.priority,
            "distance": round(alert.distance, 2),
            "state": alert.state,
        }
        tell(session, self._site, "plate.alert", self._camera.name, sighting.last_at, data)

    def _store_pictures(self, passing: Passing) -> dict[str, str]:
        """Save the pictures, before the rows that name them; returns columns of the sighting."""
        if self._site.site.hash_key:
            return {}
        root, day = self._site.site.pictures, passing.first_at.astimezone(self._site.timezone).date().isoformat()
        stored: dict[str, str] = {}
        stem = f"{re.sub(r'[^A-Za-z0-9]+', '_', self._camera.name)}-{passing.first_at:%H%M%S%f}"
        for kind, content in (("frame", passing.frame), ("crop", passing.crop)):
            if content is not None:
                # The same picture has the same name: what is tried again leaves nothing behind.
                sha256 = hashlib.sha256(content).hexdigest()
                name = f"{day}/{stem}-{sha256[:12]}-{kind}.jpg"
                save_whole(root / name, content)
                stored |= {kind: name, f"{kind}_sha256": sha256}
        return stored


def save_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole, or not at all, also after the power failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_beside(path)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
