import pytest

from src.basics.errors import InputError
from src.service.state import claimed


def test_a_folder_is_for_one_at_a_time(tmp_path):
    folder = tmp_path / "new" / "data"
    for _ in range(2):
        with claimed(folder):
            with pytest.raises(InputError) as refusal, claimed(folder):
                pass
            assert str(refusal.value) == (
                f"{folder}: another service keeps its data there; end it, or set PLATE_DATA to another folder"
            )


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    told = r"no data can be kept there \(.*\); set PLATE_DATA to another folder$"
    with pytest.raises(InputError, match=told), claimed(tmp_path / "file" / "data"):
        pass
