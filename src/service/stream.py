"""``WS /v1/stream``: frames come in one by one, plates and settled vehicles go out."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from src.errors import InputError
from src.media.images import BGRImage, read_image
from src.media.video_source import USUAL_RATE, Frame
from src.options import VideoOptions
from src.results import VehicleRecord
from src.service.errors import ServiceError, busy, native_error, unreadable
from src.service.gate import is_authorised, is_token
from src.service.state import Service, service_of
from src.video import Recogniser, VideoReader

router = APIRouter()
#: A client has so long to show its token, in seconds.
TOKEN_S = 10.0
#: Why a stream is closed: refused, cannot go on, come back later.
REFUSED, UNUSABLE, TRY_LATER = 1008, 1003, 1013
#: Times beyond this are no times, in seconds: some three hundred years.
LARGEST_TIME_S = 1e10
_NAME = "stream"


@dataclass(frozen=True)
class _Description:
    """What is known of a stream: the size of its first frame."""

    size: tuple[int, int]
    name: str = _NAME
    frame_rate: Fraction = USUAL_RATE
    frame_count: int | None = None
    live: bool = True
    error: str | None = None

    def at(self, time_s: float) -> None:
        """Nobody has told."""


class StreamReader:
    """Reads the frames of one client."""

    def __init__(self, recogniser: Recogniser) -> None:
        """Wait for the first frame."""
        self._recogniser = recogniser
        self._reader: VideoReader | None = None
        self._size = (0, 0)
        self._start_s = self._time_s = 0.0
        self._settled: list[VehicleRecord] = []

    def read(self, index: int, time_s: float, content: bytes) -> dict[str, Any]:
        """The answer for a frame: its plates, and the vehicles that are gone for good.

        Args:
            index: its number.
            time_s: its time, in seconds; one that is earlier than the last one's counts as the last one's.
            content: the encoded picture.

        Raises:
            InputError: it is no picture.
            ServiceError: its size is not that of the first frame.
        """
        image = read_image(content, f"frame {index}")
        size = (image.shape[1], image.shape[0])
        if self._reader is None:
            options = VideoOptions(on_vehicle=self._settled.append)
            self._size, self._start_s = size, time_s
            self._reader = VideoReader(_Description(size), self._recogniser, None, None, options)
        if size != self._size:
            message = f"frame {index} is {size[0]}×{size[1]}, those before are {self._size[0]}×{self._size[1]}"
            raise ServiceError(400, "size_changed", f"{message}; begin another stream for it")
        self._time_s = max(self._time_s, time_s - self._start_s)
        frame = Frame(index, self._time_s, _picture(image))
        self._reader.take(frame)
        return {**self._reader.line(frame), "vehicles": self._take_settled()}

    def finish(self) -> dict[str, Any] | None:
        """The answer for all frames, with every vehicle; None if there was no frame."""
        return self._reader.finish().to_dict() if self._reader else None

    def _take_settled(self) -> list[dict[str, Any]]:
        vehicles = [record.to_dict() for record in self._settled]
        self._settled.clear()
        return vehicles


def _picture(image: BGRImage) -> av.VideoFrame:
    """The picture as planes without loss: what moves is looked for in the first plane, which has to show all of it."""
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="gbrp")


class _Mailbox:
    """Keeps the latest frame of a client that sends faster than it is read."""

    def __init__(self) -> None:
        self.polite = False
        self._latest: tuple[int, float, bytes] | None = None
        self._ended = False
        self._news = asyncio.Event()

    async def fill(self, socket: WebSocket) -> None:
        """Receive frames until the client says that it ends, or goes."""
        index, time_s = 0, None
        try:
            while (message := await socket.receive())["type"] == "websocket.receive" and not self.polite:
                if message.get("bytes"):
                    arrival_s = time.monotonic()
                    self._latest = (index, arrival_s if time_s is None else time_s, message["bytes"])
                    index, time_s = index + 1, None
                told = _parsed(message.get("text"))
                time_s = _time(told.get("time_s"), time_s)
                self.polite = bool(told.get("end"))
                self._ended = self.polite
                self._news.set()
        finally:
            self._ended = True
            self._news.set()

    async def next(self) -> tuple[int, float, bytes] | None:
        """The latest frame that nobody has had yet; None when there will be no more."""
        while self._latest is None and not self._ended:
            self._news.clear()
            await self._news.wait()
        latest, self._latest = self._latest, None
        return latest


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Read a live stream: each binary message is a frame; ``{"end": true}`` asks for the whole answer.

    ``{"time_s": 1.25}`` before a frame is its time, for clients that send a recording faster than it was made.
    """
    service = service_of(socket)
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        if not await _may_enter(socket, service):
            refusal = ServiceError(401, "unauthorised", 'this service needs a token: send {"token": "…"} first')
            await _refuse(socket, refusal, REFUSED)
        elif service.streams >= service.settings.max_streams:
            await _refuse(socket, busy("there are too many streams", 5), TRY_LATER)
        else:
            service.streams += 1
            try:
                await _serve(socket, service)
            finally:
                service.streams -= 1


async def _serve(socket: WebSocket, service: Service) -> None:
    reader, mailbox = StreamReader(service.recogniser), _Mailbox()
    filling = asyncio.create_task(mailbox.fill(socket))
    try:
        while (news := await mailbox.next()) is not None:
            try:
                await socket.send_json(await service.pool.run(reader.read, *news))
            except (ServiceError, InputError) as error:
                refusal = unreadable(error) if isinstance(error, InputError) else error
                if refusal.code == "size_changed":
                    await _refuse(socket, refusal, UNUSABLE)
                    return
                await socket.send_json({"frame": news[0], **_error(refusal)})
        if mailbox.polite:
            await socket.send_json(await run_in_threadpool(reader.finish))
            await socket.close()
    finally:
        filling.cancel()


async def _may_enter(socket: WebSocket, service: Service) -> bool:
    """Whether the client shows a token, in a header or in its first message."""
    if is_authorised(service.settings, socket.headers):
        return True
    try:
        first = await asyncio.wait_for(socket.receive(), TOKEN_S)
    except TimeoutError:
        return False
    return is_token(service.settings, str(_parsed(first.get("text")).get("token", "")))


async def _refuse(socket: WebSocket, refusal: ServiceError, code: int) -> None:
    await socket.send_json(_error(refusal))
    await socket.close(code, refusal.code)


def _error(refusal: ServiceError) -> dict[str, Any]:
    return native_error(refusal.status, refusal.code, refusal.message)


def _time(told: object, otherwise: float | None) -> float | None:
    """A time that a client told, in seconds; ``otherwise`` if it told none."""
    if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < LARGEST_TIME_S:
        return float(told)
    return otherwise


def _parsed(text: str | None) -> dict[str, Any]:
    """A message's JSON object; empty where it is none."""
    try:
        content = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
