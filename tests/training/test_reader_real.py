import pytest

from src.training.reader_real import align


@pytest.mark.parametrize(
    ("read", "text", "indices"),
    [
        ("AB123", "AB123", [0, 1, 2, 3, 4]),
        ("1AB123", "AB123", [1, 2, 3, 4, 5]),
        ("A8123X", "AB123", [0, 1, 2, 3, 4]),
        ("ABX123", "AB123", [0, 1, 3, 4, 5]),
        ("AB12", "AB123", None),
        ("ZZZZZ", "AB123", None),
        ("", "A", None),
        ("A", "", None),
    ],
)
def test_a_known_text_is_found_in_a_reading(read: str, text: str, indices: list[int] | None) -> None:
    assert align(read, text) == indices
