"""``WS /v1/stream``: frames come in one by one, plates and settled vehicles go out."""

import asyncio
import base64
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import av
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from ..basics.errors import InputError
from ..basics.results import VehicleRecord
from ..video.options import VideoOptions
from ..video.reader import VideoReader
from ..video.source import Frame, Video
from .connections import TRUST
from .errors import ServiceError, as_refusal, busy
from .gate import is_token, is_welcome, shown_token
from .state import Service, ServiceHere
from .uploads import json_object

stream_routes = APIRouter()
#: A client has so long to show its token, in seconds.
TOKEN_S = 5.0
#: What a browser offers as subprotocols, as it cannot send a header: the first one, and its token in base64url after
#: the second one.
PROTOCOL, TOKEN_PREFIX = "number-plates", "token."
#: Where a client is silent for so long, the vehicles that are gone by now are given out, in seconds.
SILENCE_S = 5.0
#: With what a stream is closed that is refused, by the code of the failure.
CLOSING = {"unauthorised": 1008, "size_changed": 1003, "busy": 1013}
#: Times beyond this are no times, in seconds: some three hundred years.
LARGEST_TIME_S = 1e10


@dataclass(frozen=True)
class _Arrival:
    """A frame: its number, its time in seconds, whether the client told that time, and the encoded picture."""

    index: int
    time_s: float
    is_told: bool
    content: bytes


@dataclass(frozen=True)
class _Description(Video):
    """What is known of a stream: the size of its first frame, and when that came by the monotonic clock, if it did."""

    size: tuple[int, int]
    begun_s: float | None = None
    name: str = "stream"


class StreamSession:
    """The frames of one client: the latest is read, and the others are left out."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket, self._service = socket, service
        self._latest: _Arrival | None = None
        self._news = asyncio.Event()
        self._ended = self._is_polite = self._tells_time = self._is_evicted = False
        #: When something came in last, by the monotonic clock.
        self._used = time.monotonic()
        self._reader: VideoReader | None = None
        self._size = (0, 0)
        self._start_s = self._time_s = 0.0
        self._settled: list[VehicleRecord] = []

    async def run(self) -> None:
        """Answer until the client ends the stream, or goes, or has no place any more."""
        self._take_place()
        receiving = asyncio.create_task(self._receive())
        try:
            while self._latest or not self._ended:
                try:
                    await asyncio.wait_for(self._news.wait(), SILENCE_S)
                except TimeoutError:
                    await self._give_settled()
                    continue
                self._news.clear()
                frame, self._latest = self._latest, None
                if frame:
                    await self._answer(frame)
            if self._is_evicted:
                raise busy("another stream needed the place of this one, which was idle", 5)
            if self._is_polite:
                finish = self._reader.finish if self._reader else None
                await self._socket.send_json((await run_in_threadpool(finish)).to_dict() if finish else None)
                await self._socket.close()
        finally:
            receiving.cancel()
            self._service.streams.discard(self)

    def _take_place(self) -> None:
        """A camera may be silent for hours; but after a while its place is given to another stream that needs it."""
        streams, settings = self._service.streams, self._service.settings
        if len(streams) >= settings.max_streams:
            idlest = min(streams, key=lambda other: other._used)
            if time.monotonic() - idlest._used < settings.stream_idle_seconds:
                raise busy("there are too many streams", 5)
            streams.discard(idlest)
            idlest._is_evicted = True
            idlest._end()
        streams.add(self)

    async def _receive(self) -> None:
        """Receive frames until the client says that it ends, or goes."""
        index, time_s = 0, None
        try:
            while (message := await self._socket.receive())["type"] == "websocket.receive" and not self._is_polite:
                self._used = time.monotonic()
                if message.get("bytes"):
                    now_s = self._used if time_s is None else time_s
                    self._latest = _Arrival(index, now_s, time_s is not None, message["bytes"])
                    index, time_s = index + 1, None
                told = json_object(message.get("text")) or {}
                time_s = _time(told.get("time_s"), time_s)
                self._tells_time |= time_s is not None
                self._is_polite = bool(told.get("end"))
                self._ended |= self._is_polite
                self._news.set()
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._news.set()

    async def _answer(self, frame: _Arrival) -> None:
        try:
            pool = await self._service.pool_for([frame.content])
            await self._socket.send_json(await pool.run(self._read, frame))
        except (ServiceError, InputError) as error:
            refusal = as_refusal(error)
            if refusal.code == "size_changed":
                raise
            await self._socket.send_json({"frame": frame.index, **refusal.native})

    async def _give_settled(self) -> None:
        """Give out the vehicles that are gone, to a client whose frames have the times when they come."""
        # With too much to do it can wait.
        with contextlib.suppress(ServiceError):
            if not self._tells_time and (answer := await self._service.pool.run(self._wait, time.monotonic())):
                await self._socket.send_json(answer)

    def _read(self, frame: _Arrival) -> dict[str, Any]:
        """The answer for a frame; a time that is earlier than the last one's counts as the last one's."""
        image = self._service.decoder.decode(frame.content, f"frame {frame.index}")
        size = (image.shape[1], image.shape[0])
        if self._reader is None:
            options = VideoOptions(on_vehicle=self._settled.append)
            self._size, self._start_s = size, frame.time_s
            description = _Description(size, None if frame.is_told else frame.time_s)
            self._reader = VideoReader(description, self._service.recogniser, None, None, options)
        if size != self._size:
            message = f"frame {frame.index} is {size[0]}×{size[1]}, those before are {self._size[0]}×{self._size[1]}"
            raise ServiceError(400, "size_changed", f"{message}; begin another stream for it")
        self._time_s = max(self._time_s, frame.time_s - self._start_s)
        # Planes without loss: what moves is looked for in the first plane, which has to show all of it.
        picture = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="gbrp")
        decoded = Frame(frame.index, self._time_s, picture)
        self._reader.take(decoded)
        return {**self._reader.line(decoded), "vehicles": self._take_settled()}

    def _wait(self, time_s: float) -> dict[str, Any] | None:
        """The vehicles that are gone for good at a time on the clock of the frames; None if there are none."""
        if self._reader is None:
            return None
        self._time_s = max(self._time_s, time_s - self._start_s)
        self._reader.tick(self._time_s)
        answer = {"frame": None, "time_s": round(self._time_s, 3), "plates": [], "vehicles": self._take_settled()}
        return answer if answer["vehicles"] else None

    def _take_settled(self) -> list[dict[str, Any]]:
        vehicles = [record.to_dict() for record in self._settled]
        self._settled.clear()
        return vehicles


@stream_routes.websocket("/v1/stream")
async def stream(socket: WebSocket, service: ServiceHere) -> None:
    """Read a live stream: each binary message is a frame; ``{"end": true}`` asks for the whole answer.

    ``{"time_s": 1.25}`` before a frame is its time, for clients that send a recording faster than it was made.
    """
    settings, shown, offered = service.settings, shown_token(socket.headers), _offered_token(socket)
    known = is_token(settings, shown or offered)
    denial = None
    if not is_welcome(settings, socket.headers):
        message = "pages of this origin may not open streams; name it in PLATE_CORS_ORIGINS"
        denial = ServiceError(403, "forbidden_origin", message)
    elif shown and not known:
        denial = _unauthorised()
    elif not known and not offered and service.strangers >= settings.max_streams:
        denial = busy("too many streams have not shown their token", 5)
    if denial:
        await socket.send_denial_response(denial.response(socket.url.path))
        return
    await socket.accept(PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None)
    with contextlib.suppress(WebSocketDisconnect):
        try:
            # A browser does not tell its page why a stream was denied.
            if not known and (offered or not await _introduces_itself(socket, service)):
                raise _unauthorised()
            socket.scope["extensions"].get(TRUST, bool)()
            await StreamSession(socket, service).run()
        except ServiceError as refusal:
            await socket.send_json(refusal.native)
            await socket.close(CLOSING[refusal.code], refusal.code)


def _offered_token(socket: WebSocket) -> str:
    """The token among the subprotocols that a browser offers; empty where there is none."""
    offered = (text for text in socket.scope["subprotocols"] if text.startswith(TOKEN_PREFIX))
    encoded = next(offered, "").removeprefix(TOKEN_PREFIX).encode()
    try:
        # Something that is no token, rather than none, where it is no base64.
        return base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)).decode() or encoded.decode()
    except ValueError:
        return encoded.decode(errors="replace")


async def _introduces_itself(socket: WebSocket, service: Service) -> bool:
    """Whether the client shows a token in its first message."""
    service.strangers += 1
    try:
        first = await asyncio.wait_for(socket.receive(), TOKEN_S)
    except TimeoutError:
        return False
    finally:
        service.strangers -= 1
    told = json_object(first.get("text")) or {}
    return is_token(service.settings, str(told.get("token", "")))


def _unauthorised() -> ServiceError:
    return ServiceError(401, "unauthorised", 'this service needs a token: send {"token": "…"} first')


def _time(told: object, otherwise: float | None) -> float | None:
    """A time that a client told, in seconds; ``otherwise`` if it told none."""
    if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < LARGEST_TIME_S:
        return float(told)
    return otherwise
