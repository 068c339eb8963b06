"""What a plate says."""

from dataclasses import dataclass

from ..basics.results import Candidate, Character, Region


@dataclass(frozen=True)
class Reading:
    """What a plate says; nothing where it cannot be read."""

    #: ``A``-``Z`` and ``0``-``9`` without separators, and its probability, 0..1.
    text: str = ""
    confidence: float = 0.0
    #: Lines of text, those of a stack counted too.
    rows: int = 0
    #: In reading order, boxes in pixels of the photograph.
    characters: tuple[Character, ...] = ()
    #: The likeliest texts, best first; the first is ``text``.
    candidates: tuple[Candidate, ...] = ()
    #: Whose syntax the text fits best, or None.
    region: Region | None = None
