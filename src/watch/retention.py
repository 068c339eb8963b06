"""What is deleted when its time is over: sightings with all that hangs on them, events, and pictures."""

import datetime
import logging
import shutil
from pathlib import Path

from sqlalchemy import delete, func, select

from .check import CHECK_FOLDER
from .last_picture import LAST_FOLDER
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
            # Who was seen last so long ago was seen first before that, which an index knows.
            old = select(Sighting.id).where(Sighting.first_at < until, Sighting.last_at < until).limit(BATCH)
            ids = list(session.scalars(old))
            session.execute(delete(Sighting).where(Sighting.id.in_(ids)))
            count += len(ids)
        if len(ids) < BATCH:
            break
    with store.writing() as session:
        # A vehicle that is still there stays.
        session.execute(delete(Visit).where(Visit.state != "open", Visit.left_at < until))
        session.execute(delete(Visit).where(Visit.state == "review", Visit.left_at.is_(None), Visit.entered_at < until))
        # What nobody has taken for so long is deleted as well; what is for outputs that are no more, at once.
        lost = select(func.count()).where(Delivery.delivered_at.is_(None), Delivery.number == Outgoing.number)
        undelivered = session.scalar(lost.where(Outgoing.at < until)) or 0
        session.execute(delete(Delivery).where(Delivery.output.not_in([one.name for one in site.outputs])))
        session.execute(delete(Outgoing).where(Outgoing.at < until))
        session.execute(delete(AuditEntry).where(AuditEntry.at < until))
    if undelivered:
        _LOGGER.warning("%d events were not taken for %g days and are deleted", undelivered, site.site.keep_days)
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
    sent = [Path(str(camera.source)) / DONE for camera in site.cameras if camera.is_file]
    for folder in (root / CHECK_FOLDER, root / LAST_FOLDER, *sent):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.stat().st_mtime < until.timestamp():
                path.unlink(missing_ok=True)
