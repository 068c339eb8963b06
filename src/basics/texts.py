"""The characters of plates, and how far two texts are apart."""

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: The characters, in the order of the networks' classes.
ALPHABET = DIGITS + LETTERS
#: The classifier's class after them: a crop that shows no single whole character.
REJECT, CLASSES = len(ALPHABET), len(ALPHABET) + 1
#: Digits and the letters that look like them.
LOOK_ALIKES = (("0", "O"), ("1", "I"))
_MERGED = str.maketrans({letter: digit for digit, letter in LOOK_ALIKES})


def normalise_text(text: str) -> str:
    """The characters of a text, as capitals, without spaces, dashes and whatever else is in no alphabet of plates."""
    return "".join(character for character in text.upper() if character in ALPHABET)


def merged(text: str) -> str:
    """The text with digits in the place of letters that look like them."""
    return text.translate(_MERGED)


def edit_distance(first: str, second: str) -> int:
    """How many characters to replace, add or leave out to make one text of the other (Levenshtein 1966)."""
    row = list(range(len(second) + 1))
    for count, character in enumerate(first, 1):
        diagonal, row[0] = row[0], count
        for place, other in enumerate(second, 1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (character != other))
    return row[-1]
