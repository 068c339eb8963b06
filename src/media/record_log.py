"""Files that grow by whole pieces, such as rows of CSV and lines of JSON, and survive the end of the process."""

import io
from collections import deque
from pathlib import Path
from typing import Any

#: Pieces that wait for room on a full disk, at most; beyond it the oldest are lost.
MOST_WAITING = 1000


class WholeWrites(io.FileIO):
    """A file that writes all it is given; without Python's buffer, which would keep what a full disk has refused."""

    def write(self, content: Any, /) -> int:
        """Write bytes; returns how many."""
        rest = memoryview(content)
        while rest:
            rest = rest[super().write(rest) :]
        return len(content)


class RecordLog:
    """A file that only ever holds whole pieces; what :meth:`append` has written survives a ``kill -9``."""

    def __init__(self, path: Path) -> None:
        """Begin anew; raises :class:`OSError` where that cannot be done."""
        self._path, self._file = path, WholeWrites(path, "w")
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)

    def append(self, piece: str) -> None:
        """Add a piece; raises :class:`OSError` where there is no room for it, which adds it with the next one."""
        self._waiting.append(piece.encode())
        while self._waiting:
            size = self._file.tell()
            try:
                self._file.write(self._waiting[0])
            except OSError:
                self._file.truncate(size)
                self._file.seek(size)
                raise
            self._waiting.popleft()

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._file.close()

    def remove(self) -> None:
        """Take the file away."""
        self._file.close()
        self._path.unlink(missing_ok=True)
