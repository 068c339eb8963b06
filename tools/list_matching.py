"""How well plates of a list are met by what is read: ``python -m tools.list_matching SET…`` (annotated sets).

Every plate whose text is known is looked for in a list that has it, and in lists of 10,000 random plates of its own
format that have not. As far fewer than one in ten are misread here, the misread ones are weighed as if they were.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.basics.errors import InputError
from src.basics.geometry import iou_matrix
from src.basics.results import Plate
from src.evaluation.annotations import read_annotations
from src.pipeline import read
from src.watch.matching import Matcher, canonical

LISTED, RIGHT_SHARE = 10_000, 0.9
#: Formats with fewer possible plates than this are left out: 10,000 of them would be a large part of all there are.
LEAST_PLATES = 1e8
DISTANCES, USUAL = (0.0, 0.5, 1.0, 1.5, 2.0), 1.0
#: Lists of random plates that each plate passes.
LISTS = 20
_LETTERS, _DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"


def readings(folder: Path) -> Iterator[tuple[str, Plate]]:
    """Texts of a set's plates, and how each was read; those that were not found are left out."""
    for image in tqdm(read_annotations(folder), folder.name, unit="image", disable=None):
        if not any(image.texts):
            continue
        plates = [plate for plate in read(image.path).plates if plate.candidates]
        boxes = np.array([plate.box for plate in plates], np.float32).reshape(-1, 4)
        for box, text in zip(image.boxes, image.texts, strict=True):
            overlaps = iou_matrix(box[None], boxes)[0]
            # A text with other letters than these is annotated with them.
            if re.fullmatch(r"[A-Za-z0-9 .-]+", text) and overlaps.max(initial=0) >= 0.3:
                yield canonical_text(text), plates[int(overlaps.argmax())]


def canonical_text(text: str) -> str:
    """The letters and digits of a text."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def random_plates(text: str, rng: np.random.Generator) -> list[str]:
    """Plates with letters where a text has some, and digits where it has some."""
    columns = [rng.choice(list(_LETTERS if one.isalpha() else _DIGITS), LISTED) for one in text]
    return ["".join(one) for one in zip(*columns, strict=True)]


def measure(pairs: Sequence[tuple[str, Plate]]) -> None:
    """Print what comes of readings, for several distances."""
    by_format: dict[str, list[tuple[str, Plate]]] = defaultdict(list)
    for text, plate in pairs:
        by_format[re.sub("[0-9]", "0", re.sub("[A-Z]", "A", text))].append((text, plate))
    met: dict[float, list[bool]] = defaultdict(list)
    false: dict[float, list[bool]] = defaultdict(list)
    right: list[bool] = []
    rng = np.random.default_rng(1)
    for form, its in by_format.items():
        is_large = 24.0 ** form.count("A") * 10.0 ** form.count("0") >= LEAST_PLATES
        others = [Matcher(random_plates(form, rng)) for _ in range(LISTS)] if is_large else []
        for text, plate in its:
            told = [(one.text, one.confidence) for one in plate.candidates]
            right.append(canonical(plate.text) == canonical(text))
            for distance in DISTANCES:
                met[distance].append(bool(Matcher([text]).matches(told, distance)))
                # Of the usual distance there has to be a figure for ten thousand passing plates.
                for matcher in others if distance == USUAL else others[:1]:
                    found_ones = matcher.matches(told, distance)
                    false[distance].append(any(canonical(one.text) != canonical(text) for one in found_ones))
    is_right = np.array(right)
    print(f"{len(pairs)} plates read, {100 * is_right.mean():.1f} % right; lists of {LISTED:,} random plates")
    print("distance  met %  met of misread %  met % where 90 % are read right  false alerts in 10,000 passing")
    for distance in DISTANCES:
        found = np.array(met[distance])
        misread = found[~is_right].mean() if (~is_right).any() else np.nan
        mixed = RIGHT_SHARE * found[is_right].mean() + (1 - RIGHT_SHARE) * misread
        rate = 10_000 * float(np.mean(false[distance]))
        print(f"{distance:8} {100 * found.mean():6.1f} {100 * misread:17.1f} {100 * mixed:32.1f} {rate:31.1f}")


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.list_matching", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    options = parser.parse_args(arguments)
    try:
        measure([pair for folder in options.sets for pair in readings(folder)])
    except InputError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(run())
