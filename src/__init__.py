"""Number plates from pictures, videos and cameras.

    from numberplate import read

    print(read("photo.jpg").plates[0].text)

What is imported from here is loaded when it is first asked for: nobody waits for the rest.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .basics.errors import InputError
    from .basics.results import Failure, FolderResult, ImageResult, Plate, VideoResult
    from .pipeline import aread, main, read, read_many
    from .recognition.options import ReadOptions
    from .video.blur import blur
    from .video.options import VideoOptions

__version__ = "0.1.0"
__all__ = ["Failure", "FolderResult", "ImageResult", "InputError", "Plate", "VideoResult"]
__all__ += ["ReadOptions", "VideoOptions", "aread", "blur", "main", "read", "read_many"]

_MODULES = {
    **dict.fromkeys(("aread", "main", "read", "read_many"), "pipeline"),
    **{"InputError": "basics.errors", "ReadOptions": "recognition.options", "VideoOptions": "video.options"},
    "blur": "video.blur",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULES.get(name, 'basics.results')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
