"""Files that grow by whole pieces, such as rows of CSV and lines of JSON, and survive the end of the process."""

import os
from collections import deque
from pathlib import Path

#: Pieces that wait for room on a full disk, at most; beyond it the oldest are lost.
MOST_WAITING = 1000


class RecordLog:
    """A file that only ever holds whole pieces; what :meth:`append` has written survives a ``kill -9``."""

    def __init__(self, path: Path, heading: str = "") -> None:
        """Begin anew with a first piece; raises :class:`OSError` where that cannot be written."""
        self._path = path
        # Not through Python's own buffer, which would keep what a full disk has refused and mix it with what follows.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._size = 0
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        try:
            self.append(heading)
        except OSError:
            self.remove()
            raise

    def append(self, piece: str) -> None:
        """Add a piece, after those that there was no room for.

        Raises:
            OSError: there is no room; it is added with the next one.
        """
        self._waiting.append(piece.encode())
        while self._waiting:
            self._write(self._waiting[0])
            self._waiting.popleft()

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Take the file away."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _write(self, piece: bytes) -> None:
        try:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(piece)
