"""The chain: ``main(input)`` → ``data_preprocessing`` → ``model_prediction``, and ``read(input)`` for typed answers.

1. preprocessing: ``data_preprocessing`` decodes what was given (``media/``)
2. detection: where the plates are (``detection/``)
3. segmentation: where the characters of each plate are (``segmentation/``)
4. classification: which characters these are (``classification/``)

``recognition/`` chains 2 to 4, weighs texts by the plates of the world (``syntax/``) and says what is a plate;
``video/`` does so frame by frame. What a single picture does not need, such as progress bars, processes and the video
libraries, is imported where it is needed, so that its answer does not wait for them.
"""

import contextlib
import functools
import logging
import os
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import Any

from .basics.errors import InputError
from .basics.results import Failure, FolderResult, ImageResult, VideoResult
from .media.draw import Rendering, render
from .media.folder_output import FolderOutput
from .media.inputs import FolderSource, ImageSource, LiveSource, Photograph, VideoSource, open_input
from .media.saving import OutputFolder
from .media.window import Window
from .recognition.options import ANYTHING, ReadOptions
from .recognition.recogniser import load_recogniser
from .video.options import EVERYTHING, VideoOptions

Data = Photograph | FolderSource | VideoSource | LiveSource
Result = ImageResult | VideoResult | FolderResult
_Work = Callable[[Photograph], tuple[ImageResult, Rendering | None]]

_LOGGER = logging.getLogger(__name__)


def read(
    input: Any,
    output_dir: str | os.PathLike[str] | None = None,
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
    options: ReadOptions = ANYTHING,
    workers: int = 1,
) -> Result:
    """Find and read the number plates of a picture, of many, or of a video.

    Args:
        input: the path of a picture, a video or a folder, a glob pattern, an encoded picture as bytes, a uint8 array
            (``[H, W]``, or ``[H, W, 3]`` BGR, or ``[H, W, 4]`` BGRA), a Pillow image, a webcam's number, or the address
            of a network stream, which is read until it ends or Ctrl-C.
        output_dir: folder for the annotated picture or video, JSON and CSV; None saves nothing.
        runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.
        display: show the annotated picture or video in a window as well.
        video: more about reading videos.
        options: what is known of the plates.
        workers: number of processes that read the pictures of a folder or pattern; with a window it is one. They
            import the program that calls this, whose own work has to stand behind ``if __name__ == "__main__"``.

    Returns:
        The answer for a picture, a video or camera, or a folder or pattern; each has ``plates`` and ``to_dict()``.

    Raises:
        InputError: the input cannot be read, nothing can be saved in ``output_dir``, the runtime is not there, or a
            worker died.
    """
    data = data_preprocessing(input)
    return _predict(data, output_dir, runtime=runtime, display=display, video=video, options=options, workers=workers)


def main(
    input: Any,
    output_dir: str | os.PathLike[str] | None = "output",
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
    options: ReadOptions = ANYTHING,
) -> dict[str, Any]:
    """As :func:`read`, but saved unless ``output_dir`` is None, and in the JSON types of ``docs/answers.md``."""
    data = data_preprocessing(input)
    output = model_prediction(data, output_dir, runtime=runtime, display=display, video=video, options=options)
    return output


def data_preprocessing(input: Any) -> Data:
    """Decode the picture that was given; of a folder or pattern, list the pictures to decode one after the other.

    A video or stream is opened by :func:`model_prediction`, frame by frame.

    Args:
        input: as for :func:`read`.

    Raises:
        InputError: the input cannot be read.
    """
    source = open_input(input)
    return source.load() if isinstance(source, ImageSource) else source


def model_prediction(
    data: Data,
    output_dir: str | os.PathLike[str] | None = None,
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
    options: ReadOptions = ANYTHING,
    workers: int = 1,
) -> dict[str, Any]:
    """Find and read the plates of what :func:`data_preprocessing` returned; options and answer as of :func:`main`."""
    return _predict(
        data, output_dir, runtime=runtime, display=display, video=video, options=options, workers=workers
    ).to_dict()


def _predict(
    data: Data,
    output_dir: str | os.PathLike[str] | None,
    *,
    runtime: str,
    display: bool,
    video: VideoOptions,
    options: ReadOptions,
    workers: int,
) -> Result:
    folder = None if output_dir is None else OutputFolder(output_dir)
    window = _open_window() if display else None
    if isinstance(data, VideoSource | LiveSource):
        from .video.reader import read_video

        return read_video(data, load_recogniser(runtime, options), folder, window, video)
    work = functools.partial(_read_one, runtime=runtime, options=options, renders=bool(folder or window))
    if isinstance(data, Photograph):
        return _shown_and_saved(*work(data), folder, window)
    return _read_many(data, work, folder, window, workers)


def _read_one(
    photograph: Photograph, runtime: str, options: ReadOptions, renders: bool
) -> tuple[ImageResult, Rendering | None]:
    result = load_recogniser(runtime, options).recognise(photograph)
    return result, render(photograph, result.plates) if renders else None


def _load_and_read(source: ImageSource, work: _Work) -> tuple[ImageResult, Rendering | None] | Failure:
    """Read one picture of many, maybe in a process of its own."""
    try:
        photograph = source.load()
    except InputError as error:
        return Failure(source.name, str(error))
    return work(photograph)


def _shown_and_saved(
    result: ImageResult, rendering: Rendering | None, folder: OutputFolder | None, window: Window | None
) -> ImageResult:
    if folder and rendering:
        result = folder.save(rendering, result)
    if window and rendering:
        window.show(rendering.image())
    return result


def _read_many(
    data: FolderSource, work: _Work, folder: OutputFolder | None, window: Window | None, workers: int
) -> FolderResult:
    """Read pictures one after the other, or in several processes, of which only this one saves and shows.

    Ctrl-C ends it early, with the answer for what was read until then.
    """
    from tqdm import tqdm

    from .basics.parallel import map_in_processes

    results: list[ImageResult] = []
    errors: list[Failure] = []
    step = functools.partial(_load_and_read, work=work)
    workers = 1 if window else min(workers, len(data.images))
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(FolderOutput(folder, data.name)) if folder else None

        def summary(error: str | None = None) -> FolderResult:
            so_far = FolderResult(data.name, tuple(results), tuple(errors), error)
            return output.finish(so_far) if output else so_far

        try:
            outcomes = (
                map_in_processes(step, data.images, workers) if workers > 1 else (step(one) for one in data.images)
            )
            stack.callback(outcomes.close)
            for outcome in tqdm(outcomes, data.name, len(data.images), unit="picture", disable=None):
                if isinstance(outcome, Failure):
                    _LOGGER.warning("%s", outcome.error)
                    errors.append(outcome)
                else:
                    result, rendering = outcome
                    results.append(_shown_and_saved(result, rendering, folder, window))
                if output:
                    output.add(errors[-1] if isinstance(outcome, Failure) else results[-1])
        except (KeyboardInterrupt, BrokenExecutor) as stop:
            done = f"after {len(results) + len(errors)} of {len(data.images)} pictures"
            if isinstance(stop, KeyboardInterrupt):
                return summary(f"{data.name}: interrupted {done}; what was read until then is whole")
            error = f"{data.name}: a worker died {done}, perhaps for want of memory; try fewer of them"
            summary(error)
            raise InputError(error) from stop
        return summary()


def _open_window() -> Window | None:
    try:
        return Window()
    except InputError as error:
        _LOGGER.warning("%s; going on without", error)
        return None


if __name__ == "__main__":
    from .cli import run

    sys.exit(run())
