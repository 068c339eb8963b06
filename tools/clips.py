"""Drawn videos of traffic with ground truth: cars with readable plates pass in two lanes before a moving camera."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from src.basics.geometry import FloatArray, box_to_quad, transform_points
from src.synthesis.paints import Colour, pick
from src.synthesis.scenes import paste_plate
from tools.car_rear import PLATE_CENTRE, CarRear, draw_car
from tools.samples import ASIAN_STYLE, EUROPEAN_STYLE, SamplePlate, draw_sample_plate, draw_street

Image = NDArray[np.uint8]

#: Half the width of a car as it is drawn, before it is scaled to its lane, in pixels.
DRAWN_HALF_WIDTH = 200.0
DRAWN_SIZE = (476, 368)
DRAWN_MIDDLE = (238.0, 238.0)
#: So many cars differ in more than their plates.
BODIES = 6
#: Per lane, as shares of the picture's height: height of the lamps, half the width of a car; and the direction.
LANES = ((0.33, 0.2, 1.0), (0.78, 0.25, -1.0))
#: The camera sways by this share of the picture's width, once in so many seconds.
SWAY, SWAY_S = 0.02, 7.0
#: A pass, and the distance between the beginnings of two passes in a lane, in seconds: who comes back after another
#: car has passed was away for three seconds.
PASS_S, HEADWAY_S = 2.4, 2.7
#: Time that the camera's shutter is open, in seconds, and standard deviation of its noise in levels.
EXPOSURE_S = 0.008
NOISE = 2.0
#: How recordings are encoded.
CODING = {"crf": "20", "preset": "veryfast"}
#: Characters of the plates; O and I are left out like 0 and 1, which look the same in these alphabets.
LETTERS, DIGITS = "ABCDEFGHJKLMNPRSTUVWXYZ", "23456789"


@dataclass(frozen=True)
class Pass:
    """One car passes the camera.

    Attributes:
        text: its plate.
        lane: 0 the far one, in which cars go right; 1 the near one, in which they go left.
        start_s: when its front appears, in seconds.
        end_s: when it is gone.
    """

    text: str
    lane: int
    start_s: float
    end_s: float


def traffic(rng: np.random.Generator, vehicles: int, returns: int) -> list[Pass]:
    """Vehicles in two lanes, always two at a time; some come back three seconds after they left.

    Args:
        rng: source of randomness.
        vehicles: how many different ones.
        returns: how many of them come back.
    """
    texts: list[str] = []
    while len(texts) < vehicles:
        letters, digits = "".join(rng.choice(list(LETTERS), 5)), "".join(rng.choice(list(DIGITS), 3))
        text = letters[:2] + digits + letters[2 : 4 + len(texts) % 2]
        if text not in texts:
            texts.append(text)
    lanes: list[list[str]] = [texts[0::2], texts[1::2]]
    for number in range(returns):
        lane = lanes[number % 2]
        place = 1 + 3 * (number // 2)
        lane.insert(place + 2, lane[place])
    return [
        Pass(text, lane, order * HEADWAY_S, order * HEADWAY_S + PASS_S)
        for lane, order_of_lane in enumerate(lanes)
        for order, text in enumerate(order_of_lane)
    ]


@dataclass(frozen=True, eq=False)
class ClipCar:
    """A drawn car: uint8 ``[h, w, 3]`` colours over black and coverage; float32 ``[4, 2]`` corners of its plate."""

    colours: Image
    coverage: Image
    quad: FloatArray


class Clip:
    """A drawn video; its pictures are made one after the other, and are the same every time.

    Attributes:
        width: in pixels.
        height: in pixels.
        rate: frames per second.
        duration_s: in seconds.
        passes: what happens in it.
    """

    def __init__(self, passes: list[Pass], width: int, height: int, rate: int, duration_s: float, seed: int) -> None:
        """Plan a video; arguments as the attributes, and the seed of all randomness."""
        self.width, self.height, self.rate, self.duration_s, self.passes = width, height, rate, duration_s, passes
        self._seed = seed

    def frames(self) -> Iterator[Image]:
        """The pictures, BGR uint8 ``[H, W, 3]``."""
        rng = np.random.default_rng(self._seed)
        # One sheet of noise, shifted from frame to frame: making it anew would take longer than all the rest.
        margin = 64
        noise = rng.normal(0, NOISE, (self.height + margin, self.width + margin, 1)).round().astype(np.int16)
        noise = np.repeat(noise, 3, axis=2)
        brighter, darker = np.clip(noise, 0, None).astype(np.uint8), np.clip(-noise, 0, None).astype(np.uint8)
        for number in range(round(self.duration_s * self.rate)):
            time_s = number / self.rate
            picture = self._background(time_s)
            for passing in self._passing(time_s):
                self._draw(picture, self._cars[passing.text], passing, time_s)
            x, y = rng.integers(margin, size=2)
            sheet = np.s_[y : y + self.height, x : x + self.width]
            yield np.asarray(cv2.subtract(cv2.add(picture, brighter[sheet]), darker[sheet]), np.uint8)

    def quads(self, time_s: float) -> dict[str, FloatArray]:
        """Corners ``[4, 2]`` of the plates that are wholly in the picture at a time, by their texts."""
        found = {}
        for passing in self._passing(time_s):
            quad = transform_points(self._cars[passing.text].quad, self._placing(passing, time_s))
            if quad.min() >= 0 and quad[:, 0].max() <= self.width and quad[:, 1].max() <= self.height:
                found[passing.text] = quad
        return found

    def write(self, path: Path, options: Mapping[str, str] = CODING) -> None:
        """Encode it as H.264 into an MP4 file, with options of libx264."""
        with av.open(str(path), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=Fraction(self.rate), options=dict(options))
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            for image in self.frames():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            container.mux(stream.encode(None))

    def _passing(self, time_s: float) -> list[Pass]:
        passing = [one for one in self.passes if one.start_s <= time_s < one.end_s]
        return sorted(passing, key=lambda one: one.lane)

    @cached_property
    def _street(self) -> Image:
        """A street a little wider than the picture."""
        street = draw_street(np.random.default_rng(self._seed), (225.0, 215.0, 195.0))
        size = (round(self.width * (1 + 2 * SWAY)), round(self.height * (1 + 2 * SWAY)))
        return np.asarray(cv2.resize(street, size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def _cars(self) -> dict[str, ClipCar]:
        rng = np.random.default_rng(self._seed)
        bodies = draw_bodies(rng)
        texts = dict.fromkeys(one.text for one in self.passes)
        return {text: with_plate(*bodies[number % BODIES], text, rng) for number, text in enumerate(texts)}

    def _background(self, time_s: float) -> Image:
        x, y = self._sway(time_s)
        left, top = round(SWAY * self.width - x), round(SWAY * self.height - y)
        return self._street[top : top + self.height, left : left + self.width].copy()

    def _sway(self, time_s: float) -> tuple[float, float]:
        angle = 2 * np.pi * time_s / SWAY_S
        return SWAY * self.width * float(np.sin(angle)), 0.4 * SWAY * self.height * float(np.sin(1.7 * angle))

    def _placing(self, passing: Pass, time_s: float) -> NDArray[np.float64]:
        """The 3×3 matrix from the drawn car to the picture."""
        level, half_width, direction = LANES[passing.lane]
        share = (time_s - passing.start_s) / (passing.end_s - passing.start_s)
        half = half_width * self.height * (0.92 + 0.16 * share)
        way = self.width + 2 * half
        x = (share if direction > 0 else 1 - share) * way - half
        sway_x, sway_y = self._sway(time_s)
        scale = half / DRAWN_HALF_WIDTH
        tilt = np.deg2rad(3.0 * np.sin(3 * share + passing.lane))
        turn = scale * np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        shift = np.array([x + sway_x, level * self.height + sway_y]) - turn @ np.array(DRAWN_MIDDLE)
        return np.array([[*turn[0], shift[0]], [*turn[1], shift[1]], [0, 0, 1]])

    def _draw(self, picture: Image, car: ClipCar, passing: Pass, time_s: float) -> None:
        matrix = self._placing(passing, time_s)
        outline = transform_points(box_to_quad(np.array([0, 0, *DRAWN_SIZE], np.float32)), matrix)
        x0, y0 = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, [self.width, self.height])
        x1, y1 = np.clip(np.ceil(outline.max(axis=0)).astype(int), 0, [self.width, self.height])
        if x1 <= x0 or y1 <= y0:
            return
        to_part = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ matrix
        size = (int(x1 - x0), int(y1 - y0))
        colours = cv2.warpAffine(car.colours, to_part[:2], size, flags=cv2.INTER_LINEAR)
        coverage = cv2.warpAffine(car.coverage, to_part[:2], size, flags=cv2.INTER_LINEAR)
        speed = (self.width + 0.4 * self.height) / (passing.end_s - passing.start_s)
        smear = (max(1, round(speed * EXPOSURE_S)), 1)
        colours, coverage = cv2.blur(colours, smear), cv2.blur(coverage, smear)
        part = picture[y0:y1, x0:x1]
        part[:] = cv2.add(cv2.multiply(part, 255 - coverage, scale=1 / 255), colours)


def draw_bodies(rng: np.random.Generator) -> list[tuple[Image, Image]]:
    """Cars without plates, as :func:`with_plate` takes them."""
    return [_draw_body(rng) for _ in range(BODIES)]


def _draw_body(rng: np.random.Generator) -> tuple[Image, Image]:
    """A car without a plate over black, and its coverage; both uint8 ``[h, w, 3]``."""
    paint: Colour = pick(rng, "cars", 16)
    car = CarRear(*DRAWN_MIDDLE, DRAWN_HALF_WIDTH, paint, "")
    seed = int(rng.integers(1 << 31))
    over_black, over_white = (np.full((DRAWN_SIZE[1], DRAWN_SIZE[0], 3), level, np.uint8) for level in (0, 255))
    for canvas in (over_black, over_white):
        draw_car(canvas, car, np.random.default_rng(seed))
    return over_black, np.asarray(255 - cv2.subtract(over_white, over_black), np.uint8)


def with_plate(colours: Image, coverage: Image, text: str, rng: np.random.Generator) -> ClipCar:
    """The car with a plate of one of three designs."""
    ink: Colour = (24.0, 22.0, 22.0)
    designs = (
        SamplePlate(text, 4.6, (240.0, 242.0, 242.0), ink, EUROPEAN_STYLE, band="EU"),
        SamplePlate(text, 4.6, (60.0, 205.0, 245.0), ink, EUROPEAN_STYLE),
        SamplePlate(text, 4.0, (28.0, 26.0, 26.0), (235.0, 235.0, 235.0), ASIAN_STYLE),
    )
    design = designs[int(rng.integers(len(designs)))]
    width = 0.76 * DRAWN_HALF_WIDTH
    height = width / design.aspect
    x, y = CarRear(*DRAWN_MIDDLE, DRAWN_HALF_WIDTH, ink, "").place(*PLATE_CENTRE)
    quad = box_to_quad(np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2], np.float32))
    plate = draw_sample_plate(design, rng)
    return ClipCar(paste_plate(colours, plate, quad, rng), coverage, quad)
