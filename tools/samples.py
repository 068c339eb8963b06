"""Sample photographs for the documentation and a first run: drawn cars with readable plates.

Run ``python -m tools.samples`` to make ``data/samples/`` again; the pictures are the same every time.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from src.basics.geometry import box_to_quad
from src.synthesis.alphabets import StrokeStyle
from src.synthesis.degradations import smooth_noise, soft_blur
from src.synthesis.drawn_plate import DrawnPlate, RowStyle, Token
from src.synthesis.letterings import load_letterings
from src.synthesis.paints import Colour, mix
from src.synthesis.parts import Press, band, border, emboss, imprint, piece
from src.synthesis.scenes import paste_plate
from tools.car_rear import PLATE_CENTRE, CarRear, draw_car

Image = NDArray[np.uint8]

#: Pictures to try things on.
SAMPLES_DIRECTORY = Path(__file__).resolve().parent.parent / "data" / "samples"

WIDTH, HEIGHT = 1280, 720
SUPERSAMPLING = 2
JPEG_QUALITY = 90

EUROPEAN_STYLE = StrokeStyle(width=0.6, weight=0.14, corner=0.8)
AMERICAN_STYLE = StrokeStyle(width=0.48, weight=0.13, corner=0.8, round_ends=True, forms=frozenset({"I serif"}))
ASIAN_STYLE = StrokeStyle(width=0.47, weight=0.11, corner=0.8, round_ends=True)


@dataclass(frozen=True)
class SamplePlate:
    """A plate of a sample.

    Attributes:
        text: characters, with blanks between groups.
        aspect: width divided by height.
        sheet: colour of the sheet.
        ink: colour of the characters.
        style: the lettering.
        band: code in a blue band at the left; empty: no band.
        words: small print above and below.
    """

    text: str
    aspect: float
    sheet: Colour
    ink: Colour
    style: StrokeStyle
    band: str = ""
    words: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Sample:
    """A sample picture: file name, seed, colour of the sky and the cars with their plates, farthest first."""

    name: str
    seed: int
    sky: Colour
    cars: tuple[tuple[CarRear, SamplePlate], ...]


SAMPLES = (
    Sample(
        "street.jpg",
        1,
        (235.0, 205.0, 165.0),
        (
            (
                CarRear(640, 425, 315, (150.0, 85.0, 35.0), "1.6 T"),
                SamplePlate("KD 482 XR", 4.7, (240.0, 242.0, 242.0), (22.0, 20.0, 20.0), EUROPEAN_STYLE, band="EU"),
            ),
        ),
    ),
    Sample(
        "suburb.jpg",
        2,
        (225.0, 215.0, 195.0),
        (
            (
                CarRear(650, 430, 330, (45.0, 35.0, 150.0), "GT"),
                SamplePlate(
                    "7KRD 294",
                    2.0,
                    (240.0, 232.0, 215.0),
                    (110.0, 40.0, 25.0),
                    AMERICAN_STYLE,
                    words=("EVERGREEN", "SAMPLE STATE"),
                ),
            ),
        ),
    ),
    Sample(
        "crossing.jpg",
        3,
        (215.0, 190.0, 175.0),
        (
            (
                CarRear(300, 372, 165, (60.0, 62.0, 64.0), "LX"),
                SamplePlate("RT61 GHM", 4.6, (60.0, 205.0, 245.0), (20.0, 20.0, 20.0), EUROPEAN_STYLE),
            ),
            (
                CarRear(800, 440, 300, (225.0, 225.0, 222.0), "2.0"),
                SamplePlate(
                    "B 4821 KXT", 3.0, (26.0, 24.0, 24.0), (235.0, 235.0, 235.0), ASIAN_STYLE, words=("", "08.29")
                ),
            ),
        ),
    ),
)


def draw_sample(sample: Sample) -> Image:
    """Paint a sample: sky, houses, trees, road, cars and plates; uint8 BGR ``[720, 1280, 3]``."""
    rng = np.random.default_rng(sample.seed)
    image = draw_street(rng, sample.sky)
    for car, _ in sample.cars:
        large = CarRear(
            car.x * SUPERSAMPLING, car.y * SUPERSAMPLING, car.half_width * SUPERSAMPLING, car.paint, car.name
        )
        draw_car(image, large, rng)
    image = np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    for car, plate in sample.cars:
        image = _mount_plate(image, car, plate, rng)
    noise = rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32) * 1.6
    return np.asarray(np.clip(cv2.GaussianBlur(image, (0, 0), 0.6) + noise, 0, 255), np.uint8)


def draw_street(rng: np.random.Generator, sky: Colour) -> Image:
    """A blurred street: sky above, houses and trees along the horizon, a road with a pavement below."""
    width, height = WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING
    horizon = round(height * 0.44)
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image = np.asarray(np.asarray(sky) * (1 - share) + np.asarray(mix(sky, (255.0, 255.0, 255.0), 0.7)) * share)
    picture = np.ascontiguousarray(np.broadcast_to(image, (height, width, 3)).astype(np.uint8))
    x = -200
    while x < width:
        house, top = int(rng.integers(260, 520)), horizon - int(rng.integers(220, 520))
        tone = float(rng.uniform(110, 205))
        wall = (tone * 0.86, tone * 0.93, tone)
        cv2.rectangle(picture, (x, top), (x + house, horizon + 60), wall, -1)
        for row in range(top + 40, horizon - 50, 90):
            for column in range(x + 36, x + house - 50, 84):
                cv2.rectangle(picture, (column, row), (column + 40, row + 54), (90, 80, 72), -1)
        x += house + int(rng.integers(0, 120))
    for _ in range(26):
        centre = (int(rng.integers(0, width)), horizon - int(rng.integers(-30, 170)))
        green = (40.0 + rng.uniform(0, 30), 85.0 + rng.uniform(0, 50), 55.0 + rng.uniform(0, 40))
        cv2.circle(picture, centre, int(rng.integers(50, 130)), green, -1, cv2.LINE_AA)
    far = soft_blur(picture, 11.0)
    road_share = np.linspace(0, 1, height - horizon, dtype=np.float32)[:, None, None]
    road = 128 - 38 * road_share + (smooth_noise(rng, far[horizon:], 600.0)[..., None] - 0.5) * 14
    road = road + (smooth_noise(rng, far[horizon:], 9.0)[..., None] - 0.5) * 22
    far[horizon:] = np.clip(road * np.array([1.0, 0.985, 0.97]), 0, 255).astype(np.uint8)
    lanes = far.copy()
    vanishing = (width // 2, horizon - 40)
    for foot in (-0.75, 0.08, 0.92, 1.75):
        left = np.array([vanishing, (width * (foot - 0.012), height), (width * (foot + 0.012), height)])
        cv2.fillPoly(lanes, [left.astype(np.int32)], (215, 222, 222), cv2.LINE_AA)
    lanes[: horizon + 24] = far[: horizon + 24]
    cv2.rectangle(lanes, (0, horizon - 8), (width, horizon + 26), (128, 140, 142), -1)
    return np.asarray(soft_blur(lanes, 3.0), np.uint8)


def _mount_plate(image: Image, car: CarRear, plate: SamplePlate, rng: np.random.Generator) -> Image:
    height = 0.165 * car.half_width if plate.aspect > 2.5 else 0.2 * car.half_width
    width = min(height * plate.aspect, 0.7 * car.half_width)
    height = width / plate.aspect
    x, y = car.place(*PLATE_CENTRE)
    quad = box_to_quad(np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2], np.float32))
    return paste_plate(image, draw_sample_plate(plate, rng), quad, rng)


def draw_sample_plate(plate: SamplePlate, rng: np.random.Generator) -> DrawnPlate:
    """Draw a plate straight on, 120 pixels high."""
    letterings = load_letterings(with_fonts=False)
    height, width = 120.0, 120.0 * plate.aspect
    above, below = plate.words
    cap = (0.54 if below else 0.7) * height
    drawn = DrawnPlate(width, height, plate.sheet, 0.06 * height)
    colours = {"ink": plate.ink, "sheet": plate.sheet}
    press = Press(drawn, rng, letterings, cap, colours, 0.06 * width, 0.94 * width)
    border(press, 0.025)
    if plate.band:
        band(press, plate.band, 0.57, mark="stars", mark_colour="stars")
    for text, y in ((above, 0.12), (below, 0.88)):
        if text:
            imprint(press, (0.5, y), 0.12, text)
    tokens: list[Token] = []
    for character in plate.text:
        if character == " ":
            tokens += piece(press, space=rng.uniform(0.12, 0.6))
        else:
            tokens.append(Token(plate.style.glyph(character), character))
    area = (press.left, 0.0, press.right, height * (0.84 if below and not above else 1.0))
    drawn.set_row(tokens, area, cap, RowStyle(plate.ink, gap=0.12), rng)
    emboss(press)
    return drawn


def write_samples(folder: Path) -> None:
    """Write every sample as JPEG and ``samples.csv`` (image, text; a row per plate) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "text"])
        for sample in SAMPLES:
            encoded = cv2.imencode(".jpg", draw_sample(sample), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
            (folder / sample.name).write_bytes(encoded.tobytes())
            writer.writerows([sample.name, plate.text.replace(" ", "")] for _, plate in sample.cars)


if __name__ == "__main__":
    write_samples(SAMPLES_DIRECTORY)
