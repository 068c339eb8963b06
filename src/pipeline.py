"""The chain: ``main(input)`` → ``data_preprocessing`` → ``model_prediction``, and ``read(input)`` for typed answers.

1. preprocessing: ``data_preprocessing`` decodes what was given (``media/``)
2. detection: where the plates are (``detection/``)
3. segmentation: where the characters of each plate are (``segmentation/``)
4. classification: which characters these are (``classification/``)

``recognition/`` chains 2 to 4, weighs texts by the plates of the world (``syntax/``) and says what is a plate;
``video/`` does so frame by frame. What a single picture does not need is imported where it is needed.
"""

import contextlib
import copy
import dataclasses
import logging
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from typing import Any, TypedDict, Unpack

from .basics.errors import InputError, OutputError
from .basics.memory import keep_free_memory
from .basics.results import Failure, FolderResult, ImageResult, VideoResult
from .media.draw import annotate, load_fonts
from .media.inputs import FolderSource, ImageSource, LiveSource, Photograph, VideoSource, each_source, open_input
from .media.leftovers import remove_leftovers
from .media.saving import FolderOutput, FolderPath, OutputFolder
from .media.window import Window
from .recognition.options import ANYTHING, ReadOptions
from .recognition.recogniser import load_recogniser
from .video.options import EVERYTHING, VideoOptions

Data = Photograph | FolderSource | VideoSource | LiveSource
Result = ImageResult | VideoResult | FolderResult
#: What comes of one of many inputs.
Outcome = ImageResult | VideoResult | Failure

_LOGGER = logging.getLogger(__name__)


class Choices(TypedDict, total=False):
    """The choices of :func:`read`, by their names."""

    runtime: str
    display: bool
    video: VideoOptions
    options: ReadOptions
    workers: int


def read(
    input: Any,
    output_dir: FolderPath | None = None,
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
    options: ReadOptions = ANYTHING,
    workers: int = 1,
) -> Result:
    """Find and read the number plates of a picture, of many, or of a video.

    Args:
        input: the path of a picture, a video or a folder, a glob pattern, an encoded picture as bytes, an open file, a
            uint8 array (``[H, W]``, or ``[H, W, 3]`` BGR, or ``[H, W, 4]`` BGRA), a Pillow image, a webcam's number,
            the address of a picture, or of a network stream, which is read until it ends or Ctrl-C; or several of
            these.
        output_dir: folder for the annotated picture or video, JSON and CSV; None saves nothing.
        runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.
        display: show the annotated picture or video in a window as well.
        video: more about reading videos, and what is saved.
        options: what is known of the plates.
        workers: number of processes that read many pictures and videos; with a window it is one. They import the
            program that calls this, whose own work has to stand behind ``if __name__ == "__main__"``.

    Returns:
        The answer for a picture, a video or camera, or for many; each has ``plates`` and ``to_dict()``.

    Raises:
        InputError: the input cannot be read, nothing can be saved, the runtime is not there, or a worker died.
    """
    data = data_preprocessing(input)
    return _Work(output_dir, False, runtime, display, video, options, workers).predict(data)


async def aread(input: Any, output_dir: FolderPath | None = None, **choices: Unpack[Choices]) -> Result:
    """As :func:`read`, in a thread: an event loop goes on meanwhile."""
    import asyncio

    return await asyncio.to_thread(read, input, output_dir, **choices)


def read_many(
    inputs: Iterable[Any], output_dir: FolderPath | None = None, *, resume: bool = False, **choices: Unpack[Choices]
) -> Iterator[Outcome]:
    """Read many pictures and videos, each when it is its turn: ``inputs`` may have no end.

    Args:
        inputs: what :func:`read` takes, but for cameras; folders and patterns stand for what is in them.
        output_dir: folder for what is saved of each; None saves nothing.
        resume: take the answer of an earlier run from ``output_dir`` where there is one.
        **choices: those of :func:`read`, as are the errors.

    Yields:
        In the order of the inputs, the answer for each, or the :class:`Failure` that says why there is none.
    """
    work = _Work(output_dir, resume, **choices)
    yield from work.outcomes(each_source(inputs), work.workers)


def main(input: Any, output_dir: FolderPath | None = "output", **choices: Unpack[Choices]) -> dict[str, Any]:
    """As :func:`read`, but saved unless ``output_dir`` is None, and in the JSON types of ``docs/answers.md``."""
    return model_prediction(data_preprocessing(input), output_dir, **choices)


def data_preprocessing(input: Any, recursive: bool = False) -> Data:
    """Decode the picture that was given; of what stands for many, list them, with ``recursive`` in inner folders, too.

    A video or stream is opened by :func:`model_prediction`, frame by frame. Input and errors are those of :func:`read`.
    """
    source = open_input(input, recursive)
    return source.load() if isinstance(source, ImageSource) else source


def model_prediction(
    data: Data,
    output_dir: FolderPath | None = None,
    *,
    resume: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
    **choices: Unpack[Choices],
) -> dict[str, Any]:
    """Find and read the plates of what :func:`data_preprocessing` returned; options and answer as of :func:`main`.

    Of many inputs ``on_outcome`` is given each answer when it is there, and with ``resume`` those that lie in
    ``output_dir`` since an earlier run are taken from there.
    """
    return _Work(output_dir, resume, **choices).predict(data, on_outcome).to_dict()


@dataclasses.dataclass
class _Work:
    """What is done with every input, here or in another process."""

    output_dir: dataclasses.InitVar[FolderPath | None]
    resume: bool = False
    runtime: str = "litert"
    display: dataclasses.InitVar[bool] = False
    video: VideoOptions = EVERYTHING
    options: ReadOptions = ANYTHING
    workers: int = 1
    window: Window | None = dataclasses.field(default=None, init=False)

    def __post_init__(self, output_dir: FolderPath | None, display: bool) -> None:
        self.folder = None if output_dir is None else OutputFolder(output_dir)
        if display:
            try:
                self.window, self.workers = Window(), 1
            except InputError as error:
                _LOGGER.warning("%s; going on without", error)
        if self.window or (self.folder and "annotated" in self.video.save):
            threading.Thread(target=load_fonts).start()

    def __call__(self, source: ImageSource | VideoSource | Failure) -> Outcome:
        """The answer for one of many inputs, or why there is none; raises :class:`OutputError`."""
        if isinstance(source, Failure):
            return source
        load_recogniser(self.runtime)  # what is wrong with it is no fault of the input
        try:
            if self.resume and self.folder and (known := self.folder.earlier_answer(source.file_name, source.name)):
                return known
            return self.read(source.load() if isinstance(source, ImageSource) else source)
        except OutputError:
            raise
        except InputError as error:
            return Failure(source.name, str(error))

    def read(self, data: Photograph | VideoSource) -> ImageResult | VideoResult:
        recogniser = load_recogniser(self.runtime, self.options)
        if isinstance(data, VideoSource):
            from .basics import parallel
            from .video.reader import read_video

            video = dataclasses.replace(self.video, stop=self.video.stop or parallel.told_to_stop)
            return read_video(data, recogniser, self.folder, self.window, video)
        keep_free_memory()
        result = recogniser.recognise(data)
        draws = self.window or (self.folder and "annotated" in self.video.save)
        annotated = annotate(data.image, result.plates) if draws else None
        if self.folder and self.video.save:
            result = self.folder.save(data, annotated if "annotated" in self.video.save else None, result)
        if self.window and annotated is not None:
            self.window.show(annotated)
        return result

    def predict(self, data: Data, on_outcome: Callable[[Outcome], None] | None = None) -> Result:
        """The answer for any input; for many it comes early, with what was read until then, if Ctrl-C ends it."""
        if not isinstance(data, FolderSource):
            return self.read(data)
        from tqdm import tqdm

        done: list[Outcome] = []
        count, error, failure, output = len(data.sources), None, None, None
        with contextlib.ExitStack() as stack:
            if self.folder and self.video.save:
                output = stack.enter_context(FolderOutput(self.folder, data.name, data.has_videos))
            outcomes = stack.enter_context(contextlib.closing(self.outcomes(data.sources, min(self.workers, count))))
            try:
                for outcome in tqdm(outcomes, data.name, count, unit="input", disable=self.video.hidden or None):
                    done.append(outcome)
                    if isinstance(outcome, Failure):
                        _LOGGER.warning("%s", outcome.error)
                    if output:
                        output.add(outcome)
                    if on_outcome:
                        on_outcome(outcome)
            except OutputError:
                raise
            except (KeyboardInterrupt, InputError) as stop:
                failure = stop if isinstance(stop, InputError) else None
                reason = failure or "interrupted; what was read until then is whole"
                error = f"{data.name}: after {len(done)} of {count} {reason}"
            results = tuple(one for one in done if not isinstance(one, Failure))
            result = FolderResult(data.name, results, tuple(one for one in done if isinstance(one, Failure)), error)
            result = output.finish(result) if output else result
            if failure:
                raise InputError(error) from failure
            return result

    def outcomes(self, sources: Iterable[ImageSource | VideoSource | Failure], workers: int) -> Generator[Outcome]:
        """The outcome for each source in turn; Ctrl-C is raised also after what has been read of a video."""
        from .basics.parallel import map_in_processes

        work, stop = copy.copy(self), self.video.stop or threading.Event()
        # Processes have a flag of their own.
        work.video = dataclasses.replace(self.video, hidden=True, stop=None if workers > 1 else stop)
        each = map_in_processes(work, sources, workers) if workers > 1 else (work(source) for source in sources)
        try:
            with contextlib.closing(each):
                for outcome in each:
                    yield outcome
                    if stop.is_set():
                        raise KeyboardInterrupt
        except BrokenExecutor as error:
            if self.folder:
                remove_leftovers(self.folder.path)
            raise InputError("a worker died, perhaps for want of memory; try fewer of them") from error


if __name__ == "__main__":
    from .cli import run

    sys.exit(run())
