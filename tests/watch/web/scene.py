"""A day at a site, for whoever looks at its pages: drawn vehicles, alerts, visits and speeds."""

import dataclasses
import datetime
import functools

import cv2
import numpy as np

from src.pipeline import main
from src.watch.last_picture import last_picture_of
from src.watch.lists import ListedPlate, replace_list
from src.watch.tables import CameraRow, Lease, Passage, Sighting, new_id, now
from tests.watch.conftest import passing
from tests.watch.web.conftest import seconds_after_start
from tools.samples import SAMPLES, draw_sample

#: Plates as they are drawn, which of the samples' cars has them, whose they are, and how many minutes ago it came in.
VEHICLES = (
    ("KD 482 XR", 0, "de", 610),
    ("M PK 2071", 0, "de", 555),
    ("7KRD294", 2, "us-ca", 480),
    ("HH QT 518", 0, "de", 420),
    ("B 4821 KXT", 1, "id", 380),
    ("WI 63 NPR", 0, "pl", 300),
    ("F AS 9040", 0, "de", 180),
    ("4TGW571", 2, "us-ca", 95),
    ("K LM 338", 0, "de", 48),
    ("D RU 7126", 0, "de", 12),
)
#: One of them is met for sure, and one only if 8 was misread.
STOLEN = (("HHQT518", "red, with a dent", 5), ("KLM33B", "reported on Monday", 3), ("ZZ99ZZ", "", 0))


@functools.cache
def drawn(text, kind):
    """A picture of a car with this plate, and the part that shows the plate, as JPEG."""
    sample = SAMPLES[kind]
    car, plate = sample.cars[-1]
    plate = dataclasses.replace(plate, text=text)
    image = draw_sample(dataclasses.replace(sample, seed=sum(map(ord, text)), cars=((car, plate),)))
    left, top, right, bottom = main(image, None)["plates"][0]["box"]
    margin = (bottom - top) // 4
    crop = image[top - margin : bottom + margin, left - margin : right + margin]
    small = cv2.resize(image, (960, 540), interpolation=cv2.INTER_AREA)
    return tuple(cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes() for part in (small, crop))


def see(served, camera, text, kind, region, at, confidence=0.97, other="", speed=None):
    """A vehicle passes a camera at a time."""
    frame, crop = drawn(text, kind)
    plain = text.replace(" ", "")
    first = other or plain
    candidates = [(first, confidence), (first[:-1] + "7", 1 - confidence)]
    seen = passing(first, seconds_after_start(at), candidates=candidates, confidence=confidence, frame=frame, crop=crop)
    identifier = served.see(camera, dataclasses.replace(seen, region=region))
    if speed is not None:
        with served.store.writing() as session:
            sighting = session.get(Sighting, identifier)
            sighting.speed_kmh, sighting.speed_error_kmh = speed, 1.8
            limits = {"speed_kmh": speed, "error_kmh": 1.8, "limit_kmh": 50.0}
            session.add(Passage(id=new_id(), sighting_id=identifier, at=at, place=camera, wrong_way=False, **limits))
    return identifier


def watched(served):
    """The cameras are watched, and keep up."""
    frames = [drawn(text, kind)[0] for text, kind in (("D RU 7126", 0), ("B 4821 KXT", 1), ("4TGW571", 2))]
    for number, camera in enumerate(served.site.cameras):
        path = last_picture_of(served.site, camera.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(frames[number % len(frames)])
        row = CameraRow(name=camera.name, state="running", since=now(), width=960, height=540)
        row.frames_per_s, row.behind_s = 14.8, 0.2
        lease = Lease(name=f"camera {camera.name}", holder="a watcher", until=now() + datetime.timedelta(hours=2))
        with served.store.writing() as session:
            session.add_all([row, lease])


def a_day(served):
    """Vehicles come over the bridge and in; some are on a list, some leave, and one of them is misread at the exit."""
    with served.store.writing() as session:
        replace_list(session, "stolen", [ListedPlate(text, words, priority) for text, words, priority in STOLEN])
        replace_list(session, "guests", [ListedPlate("KLM338", "visits the office")])
    watched(served)
    rng = np.random.default_rng(4)
    for number, (text, kind, region, minutes) in enumerate(VEHICLES):
        came = now() - datetime.timedelta(minutes=minutes)
        speed = round(float(rng.normal(47, 7)), 1)
        see(served, "bridge", text, kind, region, came - datetime.timedelta(minutes=3), speed=speed)
        see(served, "in", text, kind, region, came)
        if number in (0, 2):
            see(served, "out", text, kind, region, came + datetime.timedelta(minutes=44 + 90 * number))
        if number == 4:
            # So far from what came in that a person has to look.
            other = "P4B21KYI"
            see(served, "out", text, kind, region, came + datetime.timedelta(minutes=130), 0.62, other)
