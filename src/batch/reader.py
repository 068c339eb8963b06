"""Reading inputs by their paths, wherever they lie: what a process of any engine does (Ray, Dask, Spark)."""

import contextlib
import functools
import hashlib
import logging
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any

import cv2
import fsspec  # type: ignore[import-untyped]
import pyarrow as pa

from .. import __version__
from ..basics.errors import InputError
from ..basics.runtime import load_model
from ..media.inputs import ImageSource, VideoSource, open_input, without_password
from ..recognition.options import ANYTHING, ReadOptions
from ..recognition.recogniser import PlateRecogniser
from ..video.options import VideoOptions
from .columns import ANSWER_COLUMNS, answer_columns

_LOGGER = logging.getLogger(__name__)


@functools.cache
def _recogniser() -> PlateRecogniser:
    """The models of this process, which has one core to itself."""
    cv2.setNumThreads(1)
    return PlateRecogniser(load=functools.partial(load_model, threads=1))


class BatchReader:
    """Reads pictures and videos by their paths or fsspec addresses; it can be pickled, and loads models where it works.

    Attributes:
        options: what is known of the plates.
        with_sha256: whether the content's digest is told.
    """

    def __init__(self, options: ReadOptions = ANYTHING, *, with_sha256: bool = False) -> None:
        """See the class."""
        self.options, self.with_sha256 = options, with_sha256

    def __call__(self, paths: Iterable[str]) -> pa.Table:
        """The answers for some inputs, a row each, in the columns of :data:`ANSWER_COLUMNS`."""
        return pa.Table.from_pylist([self.read(path) for path in paths], ANSWER_COLUMNS)

    def read(self, path: str, start_s: float = 0.0, end_s: float | None = None) -> dict[str, Any]:
        """The answer for an input by the names of the columns, or the ``error`` that says why there is none.

        Args:
            path: of a picture or video.
            start_s: where in a video to begin, in seconds.
            end_s: where to end; None reads on to its end.
        """
        name = without_password(path)
        answer: dict[str, Any] = {"path": name, "version": __version__}
        begun_s = time.perf_counter()
        try:
            with _open_file(path) as file:
                file.seek(0, 2)
                answer["bytes"] = file.tell()
                file.seek(0)
                if self.with_sha256:
                    answer["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
                    file.seek(0)
                answer |= self._result(path, file, VideoOptions(start_s=start_s, duration_s=end_s, hidden=True))
        except InputError as error:
            answer["error"] = str(error)
        except Exception as error:  # one input of a million ends nothing
            _LOGGER.exception("%s", name)
            answer["error"] = f"{name}: reading it failed ({type(error).__name__}: {error}); please report it"
        return answer | {"seconds": time.perf_counter() - begun_s}

    def _result(self, path: str, file: IO[bytes], video: VideoOptions) -> dict[str, Any]:
        source = open_input(path if "://" not in path else file)
        recogniser = _recogniser().with_options(self.options)
        if isinstance(source, ImageSource):
            return answer_columns(recogniser.recognise(source.load()))
        assert isinstance(source, VideoSource)
        # Pictures do not need it, and it takes some fifty megabytes.
        from ..video.reader import read_video

        return answer_columns(read_video(source, recogniser, None, None, video))


@contextlib.contextmanager
def _open_file(path: str) -> Iterator[IO[bytes]]:
    """A file for reading; raises :class:`InputError` where it is not to be had."""
    name = without_password(path)
    try:
        file = fsspec.open(path, "rb").open() if "://" in path else open(path, "rb")  # noqa: SIM115
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(
            f"{name}: it cannot be opened ({without_password(str(error))}); check path and access"
        ) from error
    with file:
        if "://" in path:
            file.name = name  # type: ignore[misc]
        yield file
