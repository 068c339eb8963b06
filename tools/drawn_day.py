"""A drawn day at a car park: ``python -m tools.drawn_day FOLDER``.

Vehicles come in past one camera and leave past another, at known times and speeds; some are on the list of stolen ones,
some leave with dirt on their plates. The site is watched as any other one, and what its database says is compared with
what happened.
"""

import argparse
import csv
import dataclasses
import datetime
import sys
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from src.watch.matching import canonical
from src.watch.site import Site
from src.watch.store import SiteStore
from src.watch.tables import Alert, CameraRow, Outgoing, Sighting, Visit
from src.watch.watcher import Watcher
from tools.clips import DIGITS, DRAWN_HALF_WIDTH, DRAWN_MIDDLE, DRAWN_SIZE, LETTERS, Image, draw_bodies, with_plate
from tools.samples import draw_street

WIDTH, HEIGHT, RATE = 1280, 720, 15
#: The camera: focal length in pixels, height above the road in metres, and how far it looks down, in radians.
FOCAL, CAMERA_HEIGHT, TILT = 1900.0, 4.0, 0.26
#: Vehicles appear so far away and pass below the picture, in metres.
FARTHEST, NEAREST = 26.0, 8.5
#: Half the width of a car, and of its lane.
HALF_CAR, HALF_LANE = 0.9, 1.5
#: Ground points of the road that the site knows.
GROUND = ((-HALF_LANE, 10.0), (HALF_LANE, 10.0), (HALF_LANE, 21.0), (-HALF_LANE, 21.0))
#: A plate that is so wide can be read, in pixels.
LEGIBLE = 60.0
PLATE_WIDTH = 0.76 * HALF_CAR
START = datetime.datetime(2026, 11, 1, 8, 0, tzinfo=datetime.UTC)
#: Between two vehicles at one camera, in seconds.
HEADWAY_S = 9.0
SPEEDS_KMH = (20.0, 90.0)
STOLEN, DIRTY = 5, 3
#: One sheet of noise is shifted by up to so many pixels: making it anew would take longer than all the rest.
SHIFTS = 256
#: Other plates on the list of stolen ones.
OTHERS = 5000

SITE = """\
[site]
name = "Drawn day"
timezone = "Europe/Berlin"
database = "{database}"
keep_days = 3650

[[camera]]
name = "entry"
source = "entry.mp4"
start = {start}
role = "entry"
lines.gate = [0, {line}, {width}, {line}]
{road}
[[camera]]
name = "exit"
source = "exit.mp4"
start = {start}
role = "exit"
lines.gate = [{width}, {line}, 0, {line}]
{road}
[parking]
spaces = 100

[[list]]
name = "stolen"
kind = "watch"
file = "stolen.csv"

[[output]]
kind = "webhook"
url = "{url}"
secret = "drawn"
"""


@dataclasses.dataclass(frozen=True)
class Stay:
    """A vehicle: when it is before the entry's camera and before that of the exit, in seconds, and how fast."""

    text: str
    enters_s: float
    leaves_s: float
    entry_kmh: float
    exit_kmh: float
    is_stolen: bool
    is_dirty: bool


def plan(rng: np.random.Generator, vehicles: int, minutes: float) -> list[Stay]:
    """Vehicles that come in the first two thirds of the time, and have all left at its end."""
    texts: set[str] = set()
    while len(texts) < vehicles:
        texts.add(_random_text(rng))
    seconds = 60 * minutes
    enters = _spaced(np.sort(rng.uniform(5, 0.66 * seconds, vehicles)))
    leaves = enters + rng.uniform(0.05 * seconds, 0.3 * seconds, vehicles)
    order = np.argsort(leaves)
    leaves[order] = _spaced(leaves[order])
    chosen = rng.permutation(vehicles)
    stolen, dirty = set(chosen[:STOLEN].tolist()), set(chosen[STOLEN : STOLEN + DIRTY].tolist())
    return [
        Stay(
            text,
            float(enters[number]),
            float(leaves[number]),
            float(rng.uniform(*SPEEDS_KMH)),
            float(rng.uniform(*SPEEDS_KMH)),
            number in stolen,
            number in dirty,
        )
        for number, text in enumerate(sorted(sorted(texts), key=lambda _: rng.random()))
    ]


def _random_text(rng: np.random.Generator) -> str:
    letters, digits = "".join(rng.choice(list(LETTERS), 5)), "".join(rng.choice(list(DIGITS), 3))
    return letters[:2] + digits + letters[2:]


def _spaced(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times that grow by the headway at least."""
    spaced = times.copy()
    for number in range(1, len(spaced)):
        spaced[number] = max(spaced[number], spaced[number - 1] + HEADWAY_S)
    return spaced


def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels ``[N, 2]`` of points ``[N, 3]``: metres to the right, ahead of the camera, and above the road."""
    forward = np.array([0, np.cos(TILT), -np.sin(TILT)])
    right = np.array([1.0, 0, 0])
    axes = np.stack([right, np.cross(forward, right), forward])
    seen = (points - [0, 0, CAMERA_HEIGHT]) @ axes.T
    return np.asarray(FOCAL * seen[:, :2] / seen[:, 2:] + [WIDTH / 2, HEIGHT / 2])


class Gate:
    """What a camera at the entry or exit sees: vehicles that come towards it."""

    def __init__(self, passes: Sequence[tuple[float, float, str, bool]], seconds: float, seed: int) -> None:
        """From passes (when a vehicle appears, its speed, its text, whether it is dirty) in so many seconds."""
        self._passes, self._seconds, rng = passes, seconds, np.random.default_rng(seed)
        street = draw_street(rng, (225.0, 215.0, 195.0))
        self._street = np.asarray(cv2.resize(street, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
        bodies = draw_bodies(rng)
        self._cars = {}
        for number, (_, _, text, is_dirty) in enumerate(passes):
            car = with_plate(*bodies[number % len(bodies)], text, rng)
            colours = _dirty(car.colours, car.quad, rng) if is_dirty else car.colours
            self._cars[text] = (colours, car.coverage)
        noise = np.repeat(rng.normal(0, 1.5, (HEIGHT, WIDTH + SHIFTS, 1)).round().astype(np.int16), 3, axis=2)
        self._brighter, self._darker = (np.clip(sign * noise, 0, None).astype(np.uint8) for sign in (1, -1))

    def frames(self) -> Iterator[tuple[float, Image]]:
        """The pictures with their times: those with a vehicle at the full rate, of the empty road one a second."""
        for number in range(round(self._seconds * RATE)):
            time_s = number / RATE
            present = [one for one in self._passes if one[0] <= time_s < one[0] + _pass_s(one[1])]
            if not present and number % RATE:
                continue
            picture = self._street.copy()
            for start_s, kmh, text, _ in present:
                self._draw(picture, text, FARTHEST - kmh / 3.6 * (time_s - start_s))
            left = 37 * number % SHIFTS
            brighter, darker = (one[:, left : left + WIDTH] for one in (self._brighter, self._darker))
            yield time_s, np.asarray(cv2.subtract(cv2.add(picture, brighter), darker), np.uint8)

    def write(self, path: Path) -> None:
        """Encode it as H.264 into an MP4 file."""
        with av.open(str(path), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=RATE, options={"crf": "27", "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.time_base = Fraction(1, RATE)
            for time_s, image in self.frames():
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = round(time_s * RATE), Fraction(1, RATE)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    def _draw(self, picture: Image, text: str, distance: float) -> None:
        colours, coverage = self._cars[text]
        scale = HALF_CAR / DRAWN_HALF_WIDTH
        # The drawn car stands on the road with its lowest point.
        bottom = DRAWN_MIDDLE[1] + 0.52 * DRAWN_HALF_WIDTH
        corners = np.array([(0, 0), (DRAWN_SIZE[0], 0), DRAWN_SIZE, (0, DRAWN_SIZE[1])], np.float32)
        ground = [((x - DRAWN_MIDDLE[0]) * scale, distance, (bottom - y) * scale) for x, y in corners]
        matrix = cv2.getPerspectiveTransform(corners, project(np.array(ground)).astype(np.float32))
        outline = cv2.perspectiveTransform(corners[None], matrix)[0]
        left, top = np.clip(outline.min(axis=0), 0, (WIDTH, HEIGHT)).astype(int).tolist()
        right, low = np.clip(outline.max(axis=0) + 1, 0, (WIDTH, HEIGHT)).astype(int).tolist()
        if right <= left or low <= top:
            return
        to_part, part = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ matrix, picture[top:low, left:right]
        size = (right - left, low - top)
        seen = cv2.warpPerspective(colours, to_part, size, flags=cv2.INTER_AREA)
        covers = cv2.warpPerspective(coverage, to_part, size, flags=cv2.INTER_AREA)
        part[:] = cv2.add(cv2.multiply(part, 255 - covers, scale=1 / 255), seen)


def _pass_s(kmh: float) -> float:
    return (FARTHEST - NEAREST) / (kmh / 3.6)


def _dirty(colours: Image, quad: NDArray[np.float32], rng: np.random.Generator) -> Image:
    """With a lump of mud on one character of the plate."""
    shown, (left, top), (right, low) = colours.copy(), quad.min(axis=0), quad.max(axis=0)
    place = (round(left + rng.uniform(0.25, 0.85) * (right - left)), round(top + rng.uniform(0.35, 0.7) * (low - top)))
    cv2.circle(shown, place, round(0.28 * (low - top)), (40, 60, 80), -1, cv2.LINE_AA)
    return shown


def draw_day(folder: Path, stays: Sequence[Stay], minutes: float, database: str, url: str) -> None:
    """Make the recordings of both cameras, the list of stolen vehicles, and the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    with (folder / "stolen.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "note"))
        writer.writerows((stay.text, "stolen") for stay in stays if stay.is_stolen)
        writer.writerows((text, "other") for text in sorted({_random_text(rng) for _ in range(OTHERS)}))
    pixels = project(np.array([(x, y, 0.0) for x, y in GROUND])).round(1).tolist()
    road = f"[[camera.road]]\npixels = {pixels}\nmetres = {[list(point) for point in GROUND]}\nplate_height = 0.45\n"
    line = round(float(project(np.array([(0, 13.0, 0.45)]))[0, 1]))
    content = SITE.format(database=database, start=START.isoformat(), line=line, width=WIDTH, road=road, url=url)
    (folder / "site.toml").write_text(content)
    entry = [(stay.enters_s, stay.entry_kmh, stay.text, False) for stay in stays]
    leaving = [(stay.leaves_s, stay.exit_kmh, stay.text, stay.is_dirty) for stay in stays]
    seconds = 60 * minutes + 20
    for name, passes, seed in (("entry", entry, 1), ("exit", leaving, 2)):
        Gate(passes, seconds, seed).write(folder / f"{name}.mp4")


def watch_day(folder: Path, limit_s: float = 3600.0) -> None:
    """Watch the site until both recordings have been read."""
    path, stop = folder / "site.toml", threading.Event()
    site = Site.load(path)
    watcher = Watcher(path, site, stop)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    store, waiting = SiteStore(site.site.database), threading.Event()
    for _ in range(round(limit_s)):
        with store.reading() as session:
            states = list(session.scalars(select(CameraRow.state)))
        if states == ["ended", "ended"] or not thread.is_alive():
            break
        waiting.wait(1.0)
    stop.set()
    thread.join()
    store.close()


def judge(folder: Path, stays: Sequence[Stay]) -> dict[str, object]:
    """What the database says, compared with what happened."""
    store = SiteStore(Site.load(folder / "site.toml").site.database)
    with store.reading() as session:
        visits, alerts = list(session.scalars(select(Visit))), list(session.scalars(select(Alert)))
        sightings = list(session.scalars(select(Sighting)))
        events = list(session.scalars(select(Outgoing).where(Outgoing.type == "plate.alert")))
    store.close()
    known = {canonical(stay.text): stay for stay in stays}
    right = [visit for visit in visits if visit.state == "closed" and _is_right(visit, known.get(visit.canonical))]
    wrong = [visit for visit in visits if visit.state == "closed" and visit not in right]
    stolen = {canonical(stay.text) for stay in stays if stay.is_stolen}
    met = {canonical(alert.entry_text) for alert in alerts} & stolen
    delays = [
        (event.at - _legible_at(known[canonical(event.data["entry"])], event.camera)).total_seconds()
        for event in events
        if canonical(event.data["entry"]) in stolen
    ]
    errors = []
    for sighting in sightings:
        stay = known.get(sighting.canonical)
        if stay and sighting.speed_kmh and sighting.speed_error_kmh:
            kmh = stay.entry_kmh if sighting.camera == "entry" else stay.exit_kmh
            errors.append(
                (abs(sighting.speed_kmh - kmh) / kmh, abs(sighting.speed_kmh - kmh) <= sighting.speed_error_kmh)
            )
    return {
        "vehicles": len(stays),
        "sightings": len(sightings),
        "visits right": len(right),
        "visits to review": sum(visit.state == "review" for visit in visits),
        "visits open": sum(visit.state == "open" for visit in visits),
        "visits wrong": len(wrong),
        "stolen": len(stolen),
        "stolen with an alert": len(met),
        "false alerts": len({alert.entry_text for alert in alerts if canonical(alert.entry_text) not in stolen}),
        "latest alert after legible, s": round(max(delays, default=float("nan")), 2),
        "speeds measured": len(errors),
        "speeds within 3 % or their error": sum(share <= 0.03 or is_within for share, is_within in errors),
        "speeds within 3 %": sum(share <= 0.03 for share, _ in errors),
        "median error of speed, %": round(100 * float(np.median([share for share, _ in errors] or [np.nan])), 2),
    }


def _is_right(visit: Visit, stay: Stay | None) -> bool:
    if stay is None or visit.entered_at is None or visit.left_at is None:
        return False
    times = ((visit.entered_at, stay.enters_s), (visit.left_at, stay.leaves_s))
    return all(abs((at - START).total_seconds() - seconds) < 60 for at, seconds in times)


def _legible_at(stay: Stay, camera: str) -> datetime.datetime:
    """When its plate is wide enough to be read."""
    start_s, kmh = (stay.enters_s, stay.entry_kmh) if camera == "entry" else (stay.leaves_s, stay.exit_kmh)
    distance = min(FARTHEST, FOCAL * PLATE_WIDTH / LEGIBLE)
    return START + datetime.timedelta(seconds=start_s + (FARTHEST - distance) / (kmh / 3.6))


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.drawn_day", description=__doc__)
    parser.add_argument("folder", type=Path, help="where recordings, pictures and database go")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--vehicles", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="sqlite:///day.db")
    parser.add_argument("--url", default="http://127.0.0.1:9/", help="where events go; by default nobody is there")
    options = parser.parse_args(arguments)
    stays = plan(np.random.default_rng(options.seed), options.vehicles, options.minutes)
    if not (options.folder / "site.toml").is_file():
        draw_day(options.folder, stays, options.minutes, options.database, options.url)
    watch_day(options.folder)
    for name, value in judge(options.folder, stays).items():
        print(f"{name:36}{value}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
