"""The syntaxes in ``data/syntaxes``: reading them, and asking which of them a text fits."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..basics.files import SYNTAX_DIRECTORY
from .notation import Form, character_set, forms_of, shape_of, vocabulary

#: What the lines of a region begin with.
KEYWORDS = ("vehicles", "letters", "list", "plate", "rare", "valid", "invalid")
#: A region's share of photographed plates grows with this power of its vehicles: small countries have visitors, too.
VEHICLES_POWER = 0.5
#: Share of plates of other regions where people know whose plates they are, and of a rare pattern against a usual one.
OTHERS_SHARE, RARE_SHARE = 0.02, 0.1


@dataclass(frozen=True)
class Syntax:
    """What the plates of a region look like."""

    #: ISO 3166 code in lower case, of a country (``gb``) or a part of it (``us-ca``).
    code: str
    name: str
    #: How many are registered there, in millions.
    vehicles: float
    #: The usual series on its roads as they are written, and their forms; then those met seldom: old or special ones.
    patterns: dict[str, list[Form]]
    rare_patterns: dict[str, list[Form]]
    #: Texts that fit, and texts that do not.
    valid: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()


class Syntaxes:
    """The syntaxes of the regions that plates may come from, ready to be asked; immutable."""

    def __init__(
        self, syntaxes: Iterable[Syntax], others: Iterable[Syntax] = (), is_told: bool = False, is_strict: bool = False
    ) -> None:
        #: Whether people know whose plates they are, so that syntaxes count in full; whether all plates follow them.
        self.is_told, self.is_strict = is_told, is_strict
        self.of_regions = tuple(syntaxes)
        self._by_shape: dict[str, list[tuple[str, float, Form]]] = {}
        for group, share in ((self.of_regions, 1.0), (tuple(others), OTHERS_SHARE)):
            total = sum(syntax.vehicles**VEHICLES_POWER for syntax in group)
            for syntax in group:
                usual = share * syntax.vehicles**VEHICLES_POWER / total
                usual /= len(syntax.patterns) + RARE_SHARE * len(syntax.rare_patterns)
                patterns = [(usual, forms) for forms in syntax.patterns.values()]
                patterns += [(usual * RARE_SHARE, forms) for forms in syntax.rare_patterns.values()]
                for often, forms in patterns:
                    size = sum(form.size for form in forms)
                    for form in forms:
                        self._by_shape.setdefault(form.shape, []).append((syntax.code, often / size, form))

    def told(self, regions: Sequence[str], formats: Sequence[str], strict: bool) -> "Syntaxes":
        """These syntaxes for plates of regions (countries or their parts) or formats; few others, or strictly none."""
        chosen = [one for one in self.of_regions if one.code in regions or one.code.partition("-")[0] in regions]
        others = [] if strict else [one for one in self.of_regions if one not in chosen]
        return Syntaxes([*chosen, own_syntax(formats)] if formats else chosen, others, True, strict)

    def shares(
        self, text: str, breaks: Callable[[], Sequence[float]] = tuple, foreign: Callable[[], float] = float
    ) -> dict[str, float]:
        """How likely a plate is of a region and says this very text, for each region whose syntax the text fits.

        Every region uses all texts of a pattern alike, but likelier words more often. The probabilities are multiplied
        by how well gaps (log odds of a wider one before each character but the first, if they are known) and what
        stands before the text (log odds of a character of another script) suit; they are asked for where they matter.
        """
        found: dict[str, float] = {}
        gaps: Sequence[float] | None = None
        before: float | None = None
        for code, share, form in self._by_shape.get(shape_of(text), ()):
            if form.fits(text):
                gaps = breaks() if form.breaks and gaps is None else gaps
                seen = sum([gaps[place - 1] for place in form.breaks]) if gaps else 0.0
                if form.after_foreign:
                    before = foreign() if before is None else before
                    seen += before
                words = form.words_probability(text) if form.words else 1.0
                found[code] = found.get(code, 0.0) + share * words * math.exp(seen)
        return found


#: For reading without syntaxes.
NO_SYNTAXES = Syntaxes(())


@functools.cache
def load_syntaxes(folder: Path = SYNTAX_DIRECTORY) -> Syntaxes:
    """The syntaxes of all files of a folder; a FileNotFoundError without any, a ValueError if one is not understood."""
    if not (files := sorted(folder.glob("*.txt"))):
        raise FileNotFoundError(f"{folder} holds no syntaxes")
    return Syntaxes(syntax for file in files for syntax in read_syntaxes(file))


@functools.cache
def known_regions() -> dict[str, str]:
    """Names of all regions of ``data/syntaxes`` by their codes, and of countries of which there are parts only."""
    names = {one.code: one.name for one in load_syntaxes().of_regions}
    return {code.partition("-")[0]: f"all of {code.partition('-')[0].upper()}" for code in names} | names


def own_syntax(formats: Sequence[str]) -> Syntax:
    """The syntax of patterns that somebody has given; a ValueError if one cannot be understood."""
    return Syntax("own", "own formats", 1.0, {one: forms_of(one, vocabulary()) for one in formats}, {})


def read_syntaxes(file: Path) -> list[Syntax]:
    """Read a file of the form that ``docs/countries.md`` describes; a ValueError names what is not understood."""
    regions: list[tuple[str, str, dict[str, list[str]]]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        keyword, _, rest = line.split("#")[0].strip().partition(" ")
        if keyword and not line.startswith(" "):
            regions.append((keyword, rest.strip(), {}))
        elif keyword:
            regions[-1][2].setdefault(keyword, []).append(rest)
    return [_syntax(file.name, *region) for region in regions]


def _syntax(file: str, code: str, name: str, lines: dict[str, list[str]]) -> Syntax:
    try:
        if unknown := lines.keys() - KEYWORDS:
            raise ValueError(f"{min(unknown)!r} is none of {', '.join(KEYWORDS)}")
        lists: dict[str, list[str]] = {}
        for list_name, *codes in map(str.split, lines.get("list", [])):
            lists.setdefault(list_name, []).extend(codes)
        names = vocabulary(character_set("".join(lines.get("letters", [])) or "A-Z"), lists)
        usual, rare = ({one: forms_of(one, names) for one in of} for of in (lines["plate"], lines.get("rare", [])))
        valid, invalid = (tuple(" ".join(lines[key]).split()) for key in ("valid", "invalid"))
        return Syntax(code, name, float("".join(lines["vehicles"])), usual, rare, valid, invalid)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{file}, {code}: {error}") from error
