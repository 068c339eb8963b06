"""Random plate texts and the small words that stand around them."""

import numpy as np

from .glyphs import ALPHABET

DIGITS = ALPHABET[:10]
LETTERS = ALPHABET[10:]

LEGAL_SHARE = 0.3
"""Share of texts that keep the pattern's letters and digits; the others put any class in any place, so that a reader
cannot learn a language of plates, and all 36 classes are about equally frequent."""

NAMES = (
    "CALIFORNIA",
    "TEXAS",
    "VIRGINIA",
    "FLORIDA",
    "OHIO",
    "NEVADA",
    "UTAH",
    "ALASKA",
    "OREGON",
    "WASHINGTON",
    "GEORGIA",
    "ARIZONA",
    "ONTARIO",
    "QUEBEC",
    "MICHIGAN",
    "ILLINOIS",
    "COLORADO",
    "MARYLAND",
    "HAWAII",
    "IDAHO",
    "KANSAS",
    "MAINE",
    "ALBERTA",
    "MANITOBA",
    "VICTORIA",
    "QUEENSLAND",
    "TASMANIA",
    "DUBAI",
    "QATAR",
    "KUWAIT",
    "OMAN",
    "BAHRAIN",
    "MEXICO",
    "BRASIL",
    "CHILE",
    "PERU",
    "CUBA",
    "PANAMA",
    "ECUADOR",
    "COLOMBIA",
    "URUGUAY",
    "PARAGUAY",
    "BOLIVIA",
    "COSTARICA",
    "HONDURAS",
    "GUATEMALA",
    "JALISCO",
    "SONORA",
    "PUEBLA",
    "NIGERIA",
    "KENYA",
    "LAGOS",
    "GHANA",
    "KSA",
    "RUS",
    "IND",
    "PHILIPPINES",
    "PILIPINAS",
)

SLOGANS = (
    "THE SUNSHINE STATE",
    "FIRST IN FLIGHT",
    "GREAT LAKES",
    "LAND OF LAKES",
    "YOURS TO DISCOVER",
    "GARDEN STATE",
    "EVERGREEN STATE",
    "VISIT US TODAY",
    "DRIVE SAFELY",
    "WILDLIFE",
    "CENTROAMERICA",
    "MATATAG NA REPUBLIKA",
    "SCENIC BEAUTY",
    "NATURAL STATE",
    "EST 1889",
)

COUNTRY_CODES = (
    "D",
    "F",
    "GB",
    "NL",
    "B",
    "E",
    "I",
    "P",
    "PL",
    "CZ",
    "A",
    "CH",
    "S",
    "N",
    "DK",
    "FIN",
    "LV",
    "LT",
    "EST",
    "RO",
    "BG",
    "H",
    "SK",
    "SLO",
    "HR",
    "GR",
    "IRL",
    "L",
    "M",
    "CY",
    "UA",
    "TR",
    "MK",
    "SRB",
)

ARABIC_WORDS = ("تونس", "دبي", "قطر", "المغرب", "السعودية", "الكويت", "ليبيا", "مصر", "عمان", "نت")


def random_text(rng: np.random.Generator, patterns: tuple[str, ...]) -> str:
    """A plate text with blanks between its groups.

    Args:
        rng: source of randomness.
        patterns: each made of L (letter), D (digit), X (either) and blanks.

    Returns:
        A text of 3 to 10 characters from ``ALPHABET``, and blanks.
    """
    pattern = patterns[rng.integers(len(patterns))]
    legal = rng.random() < LEGAL_SHARE
    choices = {"L": LETTERS, "D": DIGITS, "X": ALPHABET} if legal else dict.fromkeys("LDX", ALPHABET)
    return "".join(c if c == " " else choices[c][rng.integers(len(choices[c]))] for c in pattern)


def random_groups(rng: np.random.Generator) -> str:
    """A text of 3 to 10 characters of any class in one to four groups, with blanks between them."""
    length = int(rng.choice([3, 4, 5, 6, 7, 8, 9, 10], p=[0.05, 0.08, 0.15, 0.24, 0.24, 0.12, 0.06, 0.06]))
    characters = [ALPHABET[i] for i in rng.integers(len(ALPHABET), size=length)]
    count = min(length - 1, int(rng.integers(0, 4)))
    breaks = set(rng.choice(np.arange(1, length), size=count, replace=False).tolist())
    return "".join((" " if i in breaks else "") + c for i, c in enumerate(characters))


def vanity_text(rng: np.random.Generator) -> str:
    """A personal text: three to eight letters, some digits among them, perhaps a blank."""
    length = int(rng.integers(3, 9))
    classes = [LETTERS if rng.random() < 0.82 else DIGITS for _ in range(length)]
    characters = [choices[rng.integers(len(choices))] for choices in classes]
    if length > 4 and rng.random() < 0.3:
        characters.insert(int(rng.integers(2, length - 1)), " ")
    return "".join(characters)


def random_word(rng: np.random.Generator, shortest: int = 3, longest: int = 12) -> str:
    """A made-up capitalised word, for dealers' names and badges."""
    vowels, consonants = "AEIOU", "BCDFGHKLMNPRSTVWZ"
    length = int(rng.integers(shortest, longest + 1))
    start = int(rng.integers(2))
    return "".join(
        (vowels if (i + start) % 2 else consonants)[rng.integers(5 if (i + start) % 2 else 17)] for i in range(length)
    )


def small_words(rng: np.random.Generator) -> str:
    """A line of small print: a place, a slogan, a dealer, a web address or a telephone number."""
    kind = rng.integers(6)
    if kind == 0:
        return str(rng.choice(NAMES))
    if kind == 1:
        return str(rng.choice(SLOGANS))
    if kind == 2:
        return f"www.{random_word(rng).lower()}.com"
    if kind == 3:
        return f"{random_word(rng)} {random_word(rng)}".title()
    if kind == 4:
        return "Tel. " + "".join(DIGITS[i] for i in rng.integers(10, size=int(rng.integers(6, 11))))
    return random_word(rng, 4, 14)


def expiry_date(rng: np.random.Generator) -> str:
    """Month and year such as ``08·25``, as small print."""
    return f"{rng.integers(1, 13):02d}{rng.choice(['.', '-', ' ', ' . '])}{rng.integers(5, 31):02d}"
