"""What each part and each rule of recognition buys: one is left out at a time, and annotated sets are read without it.

    python -m tools.ablation SET…                 prints a table in Markdown
    python -m tools.ablation SET… --only date     only these

For each row the least confidence of sure detections is fitted anew, so that rows have the same number of false ones.
"""

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from src.basics.parameters import PARAMETERS, LogisticModel, Parameters
from src.detection import detector, refinement, rescoring
from src.evaluation.metrics import detection_figures, reading_figures
from src.recognition import acceptance, reader, recogniser
from src.segmentation import rows
from src.syntax.library import NO_SYNTAXES
from tools.parameters import Sample, compare, fit_acceptance, observe, recogniser_with


@dataclass(frozen=True)
class Removal:
    """How a part is left out: by other numbers, or something else in the place of a name of a module."""

    numbers: dict[str, Any] = field(default_factory=dict)
    replaced: tuple[tuple[Any, str, Any], ...] = ()

    @property
    def is_early(self) -> bool:
        """Whether photographs have to be read again without the part: it is none of the last step."""
        return bool(self.numbers) or any(name not in ("RULES", "distinct") for _, name, _ in self.replaced)

    @property
    def parameters(self) -> Parameters:
        """The numbers without the part."""
        return replace(PARAMETERS, **self.numbers)


def _search(**numbers: Any) -> dict[str, Any]:
    return {"search": replace(PARAMETERS.search, **numbers)}


def _rules_without(name: str) -> dict[str, Any]:
    return {other: rule for other, rule in acceptance.RULES.items() if other != name}


REMOVALS = {
    "nothing: all parts": Removal(),
    **{
        f"rule: {name}": Removal(replaced=((acceptance, "RULES", _rules_without(name)),))
        for name in acceptance.RULES
        if name != "sure_detection"
    },
    "one record of a text": Removal(replaced=((recogniser, "distinct", list),)),
    "rescoring": Removal({"rescoring": LogisticModel({"detector": 1.9, "verifier": 0.0}, 0.5)}),
    "quarter turns in rescoring": Removal(replaced=((rescoring, "TALL", np.inf),)),
    "parts of large pictures": Removal(replaced=((detector, "LARGE_SCALE", 0.0),)),
    "corner refinement, second pass": Removal(replaced=((refinement, "REFINEMENT_PASSES", 1),)),
    "refined corners for tilted plates": Removal(
        replaced=((recogniser, "TURNED", np.inf), (recogniser, "SHEARED", np.inf))
    ),
    "the second pass of reading": Removal(replaced=((reader.Pass, "better_quad", lambda _: None),)),
    "reaching beyond the canvas": Removal(replaced=((reader, "NEAR_EDGE", -np.inf),)),
    "footnotes": Removal(replaced=((reader, "FOOTNOTE_RATIO", 0.0),)),
    "stacked rows": Removal(replaced=((rows, "LEAST_BESIDE", 99),)),
    "runs of letters and digits": Removal(_search(run_log_odds=0.0, gap_log_odds=0.0)),
    "rare letters": Removal(_search(rarer={})),
    "syntaxes": Removal(replaced=((recogniser, "load_syntaxes", lambda: NO_SYNTAXES),)),
    "gaps between groups": Removal({"syntax": replace(PARAMETERS.syntax, break_slope=0.0)}),
    "signs of another script": Removal(
        {"foreign": LogisticModel(PARAMETERS.foreign.weights | dict.fromkeys(PARAMETERS.foreign.weights, 0.0), 0.0)}
    ),
}


def row(name: str, removal: Removal, folders: Sequence[Path], known: dict[Path, list[Sample]]) -> str:
    """A line of the table; ``known`` keeps what was seen with all parts."""
    with contextlib.ExitStack() as stack:
        for module, attribute, value in removal.replaced:
            stack.enter_context(mock.patch.object(module, attribute, value))
        if known and not removal.is_early:
            sets = known
        else:
            sets = {folder: observe(folder, removal.parameters) for folder in folders}
        known.update({} if known else sets)
        fitted = fit_acceptance(removal.parameters, [sample for samples in sets.values() for sample in samples])
        used = recogniser_with(fitted)
        comparisons = [[compare(sample, used) for sample in samples] for samples in sets.values()]
    found = [detection_figures(of_set) for of_set in comparisons]
    read = [figures for of_set in comparisons if (figures := reading_figures(of_set))]
    recall = " ".join(f"{figures['recall']:.1f}" for figures in found)
    false = " ".join(f"{figures['false_per_image']:.2f}" for figures in found)
    exact, merged = (np.mean([figures[kind] for figures in read]) for kind in ("exact", "merged"))
    return f"| {name} | {recall} | {false} | {exact:.1f} / {merged:.1f} |"


def run() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.ablation", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--only", nargs="+", choices=REMOVALS, default=list(REMOVALS))
    options = parser.parse_args()
    print(f"| without | recall ({', '.join(folder.name for folder in options.sets)}) | false | exact / merged |")
    print("|---|---|---|---|")
    known: dict[Path, list[Sample]] = {}
    for name, removal in REMOVALS.items():
        if name in options.only or not known:
            print(row(name, removal, options.sets, known), flush=True)


if __name__ == "__main__":
    run()
