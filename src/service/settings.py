"""What can be chosen about the service, by environment variables."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from ..basics.errors import InputError

Words = BeforeValidator(lambda text: [word.strip() for word in text.split(",") if word.strip()])
Whole = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseModel, frozen=True):
    """Choices for the service; ``PLATE_`` and the name of a field is the environment variable that sets it."""

    #: Clients have to show one of these; without any, everybody is served.
    tokens: Annotated[frozenset[str], Words] = frozenset()
    #: Web pages of these origins may use the service from a browser.
    cors_origins: Annotated[tuple[str, ...], Words] = ()
    #: Requests that are read at the same time, and that may wait for it; more are refused.
    workers: Whole = os.cpu_count() or 1
    queue: Whole = 32
    #: Largest request with pictures, and with a video, in megabytes, and longest video.
    max_body_mb: Positive = 20.0
    max_video_mb: Positive = 500.0
    max_video_seconds: Positive = 3600.0
    #: Pictures in a request, videos that wait or are read, live streams, and connections from one address at a time.
    max_files: Whole = 32
    max_jobs: Whole = 16
    max_streams: Whole = 8
    max_connections: Whole = 100
    #: A client has so long for the header of a request, and for its body, and has to send so much on average.
    header_seconds: Positive = 10.0
    upload_seconds: Positive = 900.0
    least_kb_per_second: Positive = 5.0
    #: A picture whose header promises much work has so long to be decoded, in so much memory.
    decode_seconds: Positive = 10.0
    decode_mb: Positive = 1500.0
    #: A stream that has sent nothing for so long gives its place to another one.
    stream_idle_seconds: Positive = 60.0
    #: A worker without progress for so long is stuck; after this pause a video is tried again that could not be saved.
    stuck_seconds: Positive = 300.0
    retry_seconds: Positive = 30.0
    #: How long a video's results are kept, the folder of videos and their results, and the site.toml of a site.
    job_hours: Positive = 24.0
    data: Path = Path("output/service")
    site: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that environment variables say; an :class:`InputError` tells that one says nothing sensible."""
        said: dict[str, Any] = {name: environment.get(f"PLATE_{name.upper()}", "") for name in cls.model_fields}
        try:
            return cls(**{name: text for name, text in said.items() if text.strip()})
        except ValidationError as error:
            first = error.errors()[0]
            variable = f"PLATE_{first['loc'][0]}".upper()
            raise InputError(f"{variable}={first['input']}: {first['msg']}") from error
