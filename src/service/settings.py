"""What can be chosen about the service, by environment variables."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..basics.errors import InputError


@dataclass(frozen=True)
class Settings:
    """Choices for the service.

    Attributes:
        tokens: clients have to show one of these; without any, everybody is served.
        cors_origins: web pages of these origins may use the service from a browser.
        workers: requests that are read at the same time.
        queue: requests that may wait for a worker; more are refused.
        max_body_bytes: largest request with pictures.
        max_video_bytes: largest request with a video.
        max_video_s: longest video.
        max_files: most pictures in a request.
        max_jobs: videos that may wait or be read at the same time.
        max_streams: live streams at the same time.
        max_connections: connections from one address at the same time.
        header_s: a client has so long for the header of a request.
        upload_s: a client has so long for the body of a request.
        least_rate: bytes per second that a client has to send on average.
        decode_s: a picture whose header promises much work has so long to be decoded.
        decode_bytes: memory that decoding such a picture may take.
        stream_idle_s: a stream that has sent nothing for so long gives its place to another one.
        stuck_s: a worker without progress for so long is stuck.
        retry_s: pause before a video is tried again that could not be saved.
        job_hours: how long a video's results are kept.
        data_dir: folder of videos and their results.
    """

    tokens: frozenset[str] = frozenset()
    cors_origins: tuple[str, ...] = ()
    workers: int = os.cpu_count() or 1
    queue: int = 32
    max_body_bytes: int = 20_000_000
    max_video_bytes: int = 500_000_000
    max_video_s: float = 3600.0
    max_files: int = 32
    max_jobs: int = 16
    max_streams: int = 8
    max_connections: int = 100
    header_s: float = 10.0
    upload_s: float = 900.0
    least_rate: float = 5_000.0
    decode_s: float = 10.0
    decode_bytes: int = 1_500_000_000
    stream_idle_s: float = 60.0
    stuck_s: float = 300.0
    retry_s: float = 30.0
    job_hours: float = 24.0
    data_dir: Path = Path("output/service")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that environment variables say; the others have their defaults.

        Raises:
            InputError: a variable says no sensible value.
        """
        chosen: dict[str, Any] = {}
        for variable, (name, convert) in VARIABLES.items():
            text = environment.get(variable, "").strip()
            if text:
                try:
                    chosen[name] = convert(text)
                except ValueError as error:
                    raise InputError(f"{variable}={text}: {error}") from error
        return cls(**chosen)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _number(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("give a number above 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("give a whole number from 1 on")
    return number


def _megabytes(text: str) -> int:
    return round(_number(text) * 1_000_000)


#: Names of the variables, what they set, and how their text is understood.
VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "PLATE_TOKENS": ("tokens", lambda text: frozenset(_words(text))),
    "PLATE_CORS_ORIGINS": ("cors_origins", lambda text: tuple(_words(text))),
    "PLATE_WORKERS": ("workers", _count),
    "PLATE_QUEUE": ("queue", _count),
    "PLATE_MAX_BODY_MB": ("max_body_bytes", _megabytes),
    "PLATE_MAX_VIDEO_MB": ("max_video_bytes", _megabytes),
    "PLATE_MAX_VIDEO_SECONDS": ("max_video_s", _number),
    "PLATE_MAX_FILES": ("max_files", _count),
    "PLATE_MAX_JOBS": ("max_jobs", _count),
    "PLATE_MAX_STREAMS": ("max_streams", _count),
    "PLATE_MAX_CONNECTIONS": ("max_connections", _count),
    "PLATE_HEADER_SECONDS": ("header_s", _number),
    "PLATE_UPLOAD_SECONDS": ("upload_s", _number),
    "PLATE_LEAST_KB_PER_SECOND": ("least_rate", lambda text: 1_000 * _number(text)),
    "PLATE_DECODE_SECONDS": ("decode_s", _number),
    "PLATE_DECODE_MB": ("decode_bytes", _megabytes),
    "PLATE_STREAM_IDLE_SECONDS": ("stream_idle_s", _number),
    "PLATE_STUCK_SECONDS": ("stuck_s", _number),
    "PLATE_RETRY_SECONDS": ("retry_s", _number),
    "PLATE_JOB_HOURS": ("job_hours", _number),
    "PLATE_DATA": ("data_dir", Path),
}
