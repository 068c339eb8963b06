import math
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from src.syntax.library import SYNTAX_DIRECTORY, load_syntaxes, read_syntaxes
from src.syntax.notation import shape_of

ALL = [syntax for file in sorted(SYNTAX_DIRECTORY.glob("*.txt")) for syntax in read_syntaxes(file)]


@pytest.fixture(scope="module")
def syntaxes():
    return load_syntaxes()


def test_many_countries_and_the_united_states_are_there():
    codes = [syntax.code for syntax in ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z]{2}(-[a-z]{2,3})?", code) for code in codes)
    assert len({code[:2] for code in codes}) >= 100
    assert len([code for code in codes if code.startswith("us-")]) == 51


@pytest.mark.parametrize("syntax", ALL, ids=lambda syntax: syntax.code)
def test_examples(syntax, syntaxes):
    assert syntax.valid and syntax.invalid
    assert [text for text in syntax.valid if syntax.code not in syntaxes.shares(text)] == []
    assert [text for text in syntax.invalid if syntax.code in syntaxes.shares(text)] == []
    assert syntax.name and syntax.vehicles > 0
    for pattern, forms in (syntax.patterns | syntax.rare_patterns).items():
        shapes = {form.shape: form for form in forms}
        assert all(2 <= len(shape) <= 12 for shape in shapes), pattern
        assert any(form.shape == shape_of(text) and form.fits(text) for form in forms for text in syntax.valid), (
            f"{syntax.code} has no example of {pattern}"
        )


@pytest.mark.parametrize(
    ("code", "grouped"),
    [
        ("gb", "AB12 CDE"),
        ("gb", "P123 ABC"),
        ("gb", "ABC 123X"),
        ("pl", "WA 1234A"),
        ("se", "ABC 12D"),
        ("my", "SJB 4172"),
        ("sg", "SBA 1234 A"),
        ("ke", "KCA 123B"),
        ("br", "ABC1D23"),
        ("us-ca", "7ABC123"),
        ("us-nj", "A12 BCD"),
        ("ca-qc", "E12 ABC"),
    ],
)
def test_groups_are_those_of_the_plates(code, grouped, syntaxes):
    text = grouped.replace(" ", "")
    words = grouped.split()
    ends = {len("".join(words[:count])) for count in range(1, len(words))}
    as_seen = [2.0 if place in ends else -2.0 for place in range(1, len(text))]
    gain = math.exp(2.0 * len(ends))
    assert syntaxes.shares(text, lambda: as_seen)[code] == pytest.approx(gain * syntaxes.shares(text)[code], rel=0.2)


SMALL = """
# A comment.
xx Nowhere  # at all
  vehicles 1
  plate A n
  valid A1
  invalid B1

yy Elsewhere
  vehicles 4
  letters AB
  list end 7 8Z
  list end 9
  plate a n
  plate a <end>
  valid A1 B7
  invalid C1
"""


def test_shares_are_probabilities(tmp_path):
    (tmp_path / "small.txt").write_text(SMALL)
    small = load_syntaxes(tmp_path)
    assert small.shares("A1") == pytest.approx({"xx": 1 / 3 / 10, "yy": 2 / 3 / 2 / 20})
    assert small.shares("A8Z") == pytest.approx({"yy": 2 / 3 / 2 / 6})
    texts = [f"{letter}{end}" for letter in "ABC" for end in (*"0123456789", "8Z")]
    assert sum(sum(small.shares(text).values()) for text in texts) == pytest.approx(1)
    assert small.shares("C1") == small.shares("") == {}


def test_what_stands_before_a_text_is_weighed(tmp_path):
    (tmp_path / "small.txt").write_text(SMALL.replace("plate a n", "plate * a n"))
    small = load_syntaxes(tmp_path)
    even, likely = small.shares("A1"), small.shares("A1", foreign=lambda: math.log(3))
    assert likely == pytest.approx({"xx": even["xx"], "yy": 3 * even["yy"]})


@pytest.mark.parametrize(
    ("line", "replacement", "complaint"),
    [
        ("plate A n", "plate A ?", "small.txt, xx"),
        ("plate A n", "pattern A n", "'pattern' is none of"),
        ("vehicles 4", "vehicles many", "small.txt, yy"),
        ("  valid A1 B7\n", "", "'valid'"),
        ("list end 7 8Z", "list begin 7", "xx|yy"),
    ],
)
def test_mistakes_are_named(tmp_path, line, replacement, complaint):
    (tmp_path / "small.txt").write_text(SMALL.replace(line, replacement).replace("list end 9", ""))
    with pytest.raises(ValueError, match=complaint):
        load_syntaxes(tmp_path)


def test_no_files_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_syntaxes(tmp_path)


def test_threads_may_share_them(syntaxes):
    texts = [text for syntax in ALL for text in (*syntax.valid, *syntax.invalid)]
    alone = [syntaxes.shares(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert all(list(pool.map(syntaxes.shares, texts)) == alone for _ in range(4))
