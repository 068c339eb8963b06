"""What is deleted when its time is over: sightings with all that hangs on them, events, and pictures."""

import datetime
import logging
import shutil
from pathlib import Path

from sqlalchemy import delete, select

from .pictures import DONE
from .site import Site
from .store import SiteStore
from .tables import AuditEntry, Delivery, Outgoing, Sighting, Visit, now

#: Rows that are deleted in one transaction: cameras wait for it.
BATCH = 1000

_LOGGER = logging.getLogger(__name__)


def remove_expired(site: Site, store: SiteStore, at: datetime.datetime | None = None) -> int:
    """Delete what is older than the site keeps it; returns how many sightings that were."""
    until = (at or now()) - datetime.timedelta(days=site.site.keep_days)
    count = 0
    while True:
        with store.writing() as session:
            old = select(Sighting.id).where(Sighting.last_at < until, Sighting.is_complete).limit(BATCH)
            ids = list(session.scalars(old))
            session.execute(delete(Sighting).where(Sighting.id.in_(ids)))
            count += len(ids)
        if len(ids) < BATCH:
            break
    undelivered = select(Delivery.number).where(Delivery.delivered_at.is_(None))
    with store.writing() as session:
        # A vehicle that is still there stays.
        session.execute(delete(Visit).where(Visit.state != "open", Visit.left_at < until))
        session.execute(delete(Visit).where(Visit.state == "review", Visit.left_at.is_(None), Visit.entered_at < until))
        session.execute(delete(Outgoing).where(Outgoing.at < until, Outgoing.number.not_in(undelivered)))
        session.execute(delete(AuditEntry).where(AuditEntry.at < until))
    _remove_pictures(site, until)
    if count:
        _LOGGER.info("%d sightings are older than %g days and were deleted", count, site.site.keep_days)
    return count


def _remove_pictures(site: Site, until: datetime.datetime) -> None:
    """Remove the folders of days that are over, and pictures that cameras sent."""
    last_day = until.astimezone(site.timezone).date().isoformat()
    root = site.site.pictures
    for folder in root.iterdir() if root.is_dir() else ():
        is_day = len(folder.name) == len(last_day) and folder.name[:4].isdigit()
        if folder.is_dir() and is_day and folder.name < last_day:
            shutil.rmtree(folder, ignore_errors=True)
    for camera in site.cameras:
        done = Path(str(camera.source)) / DONE
        for path in done.iterdir() if camera.is_file and done.is_dir() else ():
            if path.stat().st_mtime < until.timestamp():
                path.unlink(missing_ok=True)
