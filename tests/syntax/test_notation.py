import math

import pytest

from src.syntax.notation import LETTERS, character_set, forms_of, shape_of, vocabulary


def fits(text, pattern, letters=LETTERS, lists=None):
    forms = forms_of(pattern, vocabulary(letters, lists))
    return any(form.shape == shape_of(text) and form.fits(text) for form in forms)


@pytest.mark.parametrize(
    ("pattern", "valid", "invalid"),
    [
        ("aa nn", ["AB12"], ["A112", "AB1", "AB123", ""]),
        ("a{2,3} n", ["AB1", "ABC1"], ["A1", "ABCD1"]),
        ("n{2}", ["12"], ["1", "123"]),
        ("[A-CX] n", ["A1", "C2", "X3"], ["D1", "W1"]),
        ("[1-3B]n", ["12", "B2"], ["42", "A2"]),
        ("B 7 n", ["B71"], ["B81", "A71"]),
        ("a (n) a", ["AB", "A1B"], ["A12B", "AB1"]),
        ("a ([A-C]n{2})", ["A", "AB12"], ["AD12", "AB1"]),
        ("<area> n", ["X1", "QR1", "7Z1"], ["Q1", "XY1"]),
        ("<area>{1,2} n", ["XQR1", "X1"], ["XQ1"]),
        ("w{3,4} (n)", ["ABC", "XYZZ", "ABC7"], ["AB", "ABC77", "A1C"]),
    ],
)
def test_patterns_say_what_fits(pattern, valid, invalid):
    lists = {"area": ["X", "QR", "7Z"]}
    assert [text for text in valid if not fits(text, pattern, lists=lists)] == []
    assert [text for text in invalid if fits(text, pattern, lists=lists)] == []


def test_a_character_of_another_script_is_no_part_of_the_text():
    with_one, without = (forms_of(pattern, vocabulary()) for pattern in ("* a nn", "a nn"))
    assert [form.shape for form in with_one] == [form.shape for form in without] == ["ann"]
    assert with_one[0].breaks == without[0].breaks == {1}
    assert with_one[0].after_foreign and not without[0].after_foreign


def test_blanks_are_breaks():
    forms = forms_of("a (n) aa{1,2}", vocabulary())
    assert {(form.shape, tuple(sorted(form.breaks))) for form in forms} == {
        ("aaa", (1,)),
        ("aaaa", (1,)),
        ("anaa", (1, 2)),
        ("anaaa", (1, 2)),
    }


def test_words_are_likelier_than_other_letters():
    forms = {form.shape: form for form in forms_of("w{2,5} n", vocabulary())}
    assert sum(form.size for form in forms.values()) == 4 * 10, "words of one length share one place"
    assert forms["aaaan"].words == ((0, 4),)
    for word, other in (("LIME7", "LJMF7"), ("TOUR7", "TQUR7")):
        assert forms["aaaan"].words_probability(word) > 5 * forms["aaaan"].words_probability(other)
    pairs = [first + second + "7" for first in LETTERS for second in LETTERS]
    assert sum(forms["aan"].words_probability(pair) for pair in pairs) == pytest.approx(1)


def test_letters_are_those_of_the_region():
    assert fits("B1", "a n", letters="AB")
    assert not fits("C1", "a n", letters="AB")
    assert fits("C1", "[A-Z] n", letters="AB")


def test_sizes_are_the_numbers_of_texts():
    forms = forms_of("<area> [1-9]n{0,1} (a)", vocabulary("AB", {"area": ["X", "Y", "QR"]}))
    assert sum(form.size for form in forms) == 3 * (9 + 90) * (1 + 2)
    assert all(form.size == math.prod(len(allowed) for _, _, allowed in form.slots) for form in forms)


@pytest.mark.parametrize("pattern", ["aa b", "[A-", "<nowhere> n", "a{1,", "(a", "[Z-A]", "[A-7]"])
def test_what_cannot_be_understood_is_an_error(pattern):
    with pytest.raises(ValueError):
        forms_of(pattern, vocabulary())


def test_character_sets_are_written_out():
    assert character_set("A-DX7-9") == "ABCDX789"
