"""A window that shows annotated pictures and videos."""

import sys

import cv2

from ..basics.errors import InputError
from .images import BGRImage

_TITLE = "Number plates"
_PROBE_SECONDS = 30


class Window:
    """Shows pictures, BGR uint8 ``[H, W, 3]``, one after the other."""

    def __init__(self) -> None:
        """Make sure that a window can be opened; raises :class:`InputError` where there is no screen."""
        self._is_playing = False
        # OpenCV's window toolkit aborts the whole process where there is no screen: let another process try it.
        import subprocess

        probe = [sys.executable, "-c", "import cv2; cv2.namedWindow('probe')"]
        if subprocess.run(probe, capture_output=True, timeout=_PROBE_SECONDS, check=False).returncode != 0:
            needs = "it needs a screen, and opencv-python rather than opencv-python-headless"
            raise InputError(f"display: no window can be opened; {needs}")

    def show(self, image: BGRImage) -> None:
        """Show a picture until a key is pressed or the window is closed."""
        # A closed window never reports a key, so it is looked at between short waits.
        while self.play(image, 50):
            pass
        self._is_playing = False
        if _is_open():
            cv2.destroyWindow(_TITLE)

    def play(self, image: BGRImage, wait_ms: int = 1) -> bool:
        """Show the next frame of a video; returns whether no key was pressed and the window was not closed."""
        if not self._is_playing:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
            self._is_playing = True
        elif not _is_open():
            return False
        cv2.imshow(_TITLE, image)
        return cv2.waitKey(wait_ms) == -1


def _is_open() -> bool:
    try:
        return cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:
        # Under Qt nothing is left to ask once the last window is closed.
        return False
