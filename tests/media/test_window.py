import os
import sys

import pytest

from src.basics.errors import InputError
from src.media.window import Window


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be told that there is no screen")
def test_without_a_screen_it_says_so_in_one_line(monkeypatch):
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delitem(os.environ, "QT_QPA_PLATFORM", raising=False)
    with pytest.raises(InputError, match="it needs a screen") as raised:
        Window()
    assert "\n" not in str(raised.value)
