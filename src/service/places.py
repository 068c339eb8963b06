"""Places for live streams: there are so many, and who does not use one gives it to somebody else."""

import contextlib
import time
from collections.abc import Callable, Iterator


class Place:
    """The place of one stream.

    Attributes:
        is_needed: whether it has to be left for another stream.
        on_needed: is called then.
    """

    def __init__(self) -> None:
        """Take it."""
        self.is_needed = False
        self.on_needed: Callable[[], None] = lambda: None
        self._used = time.monotonic()

    def use(self) -> None:
        """Something came in."""
        self._used = time.monotonic()

    def idle_s(self) -> float:
        """For how long nothing has come in."""
        return time.monotonic() - self._used

    def need(self) -> None:
        """Ask for it."""
        self.is_needed = True
        self.on_needed()


class Places:
    """The places of all streams."""

    def __init__(self, most: int, idle_s: float) -> None:
        """All are free.

        Args:
            most: streams at the same time.
            idle_s: a camera may be silent for hours; after so many seconds its place is given to another stream that
                needs it.
        """
        self._most, self._idle_s = most, idle_s
        self._taken: set[Place] = set()

    def __len__(self) -> int:
        """How many are taken."""
        return len(self._taken)

    @contextlib.contextmanager
    def taken(self) -> Iterator[Place | None]:
        """A place until the end of the context; None where there is none."""
        place = self._take()
        try:
            yield place
        finally:
            if place:
                self._taken.discard(place)

    def _take(self) -> Place | None:
        if len(self._taken) >= self._most:
            idlest = max(self._taken, key=Place.idle_s)
            if idlest.idle_s() < self._idle_s:
                return None
            self._taken.discard(idlest)
            idlest.need()
        place = Place()
        self._taken.add(place)
        return place
