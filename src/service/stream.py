"""``WS /v1/stream``: frames come in one by one, plates and settled vehicles go out."""

import asyncio
import base64
import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any

import av
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from ..basics.errors import InputError
from ..basics.results import VehicleRecord
from ..media.images import BGRImage
from ..recognition.recogniser import PlateRecogniser
from ..video.description import VideoDescription
from ..video.options import VideoOptions
from ..video.reader import VideoReader
from ..video.source import Frame
from .connections import TRUST
from .decoder import Decoder
from .errors import ServiceError, busy, native_error, unreadable
from .gate import is_token, is_welcome, shown_token
from .places import Place
from .state import Service, service_of

router = APIRouter()
#: A client has so long to show its token, in seconds.
TOKEN_S = 5.0
#: What a browser offers as subprotocols, as it cannot send a header: the first one, and its token in base64url after
#: the second one.
PROTOCOL, TOKEN_PREFIX = "number-plates", "token."
#: Where a client is silent for so long, the vehicles that are gone by now are given out, in seconds.
SILENCE_S = 5.0
#: Why a stream is closed: refused, cannot go on, come back later.
REFUSED, UNUSABLE, TRY_LATER = 1008, 1003, 1013
#: Times beyond this are no times, in seconds: some three hundred years.
LARGEST_TIME_S = 1e10
_NAME = "stream"


@dataclass(frozen=True)
class _Arrival:
    """A frame: its number, its time in seconds, whether the client told that time, and the encoded picture."""

    index: int
    time_s: float
    is_told: bool
    content: bytes


@dataclass(frozen=True)
class _Description(VideoDescription):
    """What is known of a stream: the size of its first frame, and when that came by the monotonic clock, if it did."""

    size: tuple[int, int]
    begun_s: float | None = None
    name: str = _NAME


class StreamReader:
    """Reads the frames of one client."""

    def __init__(self, recogniser: PlateRecogniser, decoder: Decoder) -> None:
        """Wait for the first frame."""
        self._recogniser, self._decoder = recogniser, decoder
        self._reader: VideoReader | None = None
        self._size = (0, 0)
        self._start_s = self._time_s = 0.0
        self._settled: list[VehicleRecord] = []

    def read(self, frame: _Arrival) -> dict[str, Any]:
        """The answer for a frame: its plates, and the vehicles that are gone for good.

        Args:
            frame: a time that is earlier than the last one's counts as the last one's.

        Raises:
            InputError: it is no picture.
            ServiceError: its size is not that of the first frame.
        """
        image = self._decoder.decode(frame.content, f"frame {frame.index}")
        size = (image.shape[1], image.shape[0])
        if self._reader is None:
            options = VideoOptions(on_vehicle=self._settled.append)
            self._size, self._start_s = size, frame.time_s
            description = _Description(size, None if frame.is_told else frame.time_s)
            self._reader = VideoReader(description, self._recogniser, None, None, options)
        if size != self._size:
            message = f"frame {frame.index} is {size[0]}×{size[1]}, those before are {self._size[0]}×{self._size[1]}"
            raise ServiceError(400, "size_changed", f"{message}; begin another stream for it")
        self._time_s = max(self._time_s, frame.time_s - self._start_s)
        decoded = Frame(frame.index, self._time_s, _picture(image))
        self._reader.take(decoded)
        return {**self._reader.line(decoded), "vehicles": self._take_settled()}

    def wait(self, time_s: float) -> dict[str, Any] | None:
        """The vehicles that are gone for good at a time, in the form of an answer to no frame; None if there are none.

        Args:
            time_s: on the clock of the frames.
        """
        if self._reader is None:
            return None
        self._time_s = max(self._time_s, time_s - self._start_s)
        self._reader.tick(self._time_s)
        vehicles = self._take_settled()
        if not vehicles:
            return None
        return {"frame": None, "time_s": round(self._time_s, 3), "plates": [], "vehicles": vehicles}

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
    """Keeps the latest frame of a client that sends faster than it is read.

    Attributes:
        polite: whether the client has said that the stream ends.
        tells_time: whether it has ever said the time of a frame.
        place: of the stream.
    """

    def __init__(self, place: Place) -> None:
        self.polite = self.tells_time = False
        self.place = place
        place.on_needed = self._end
        self._latest: _Arrival | None = None
        self._ended = False
        self._news = asyncio.Event()

    async def fill(self, socket: WebSocket) -> None:
        """Receive frames until the client says that it ends, or goes."""
        index, time_s = 0, None
        try:
            while (message := await socket.receive())["type"] == "websocket.receive" and not self.polite:
                self.place.use()
                if message.get("bytes"):
                    now_s = time.monotonic() if time_s is None else time_s
                    self._latest = _Arrival(index, now_s, time_s is not None, message["bytes"])
                    index, time_s = index + 1, None
                told = _parsed(message.get("text"))
                time_s = _time(told.get("time_s"), time_s)
                self.tells_time |= time_s is not None
                self.polite = bool(told.get("end"))
                self._ended = self.polite
                self._news.set()
        finally:
            self._end()

    async def next(self) -> _Arrival | None:
        """The latest frame that nobody has had yet; None when there will be no more.

        Raises:
            TimeoutError: the client has been silent for a while.
        """
        async with asyncio.timeout(SILENCE_S):
            while self._latest is None and not self._ended:
                self._news.clear()
                await self._news.wait()
        latest, self._latest = self._latest, None
        return latest

    def _end(self) -> None:
        self._ended = True
        self._news.set()


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Read a live stream: each binary message is a frame; ``{"end": true}`` asks for the whole answer.

    ``{"time_s": 1.25}`` before a frame is its time, for clients that send a recording faster than it was made.
    """
    service = service_of(socket)
    settings, shown, offered = service.settings, shown_token(socket.headers), _offered_token(socket)
    if not is_welcome(settings, socket.headers):
        message = "pages of this origin may not open streams; name it in PLATE_CORS_ORIGINS"
        await _deny(socket, ServiceError(403, "forbidden_origin", message))
        return
    known = is_token(settings, shown or offered)
    if shown and not known:
        await _deny(socket, _unauthorised())
        return
    if not known and not offered and service.strangers >= settings.max_streams:
        await _deny(socket, busy("too many streams have not shown their token", 5))
        return
    await socket.accept(PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None)
    with contextlib.suppress(WebSocketDisconnect):
        # A browser does not tell its page why a stream was denied.
        if not known and (offered or not await _introduces_itself(socket, service)):
            await _refuse(socket, _unauthorised(), REFUSED)
            return
        socket.scope["extensions"].get(TRUST, bool)()
        with service.places.taken() as place:
            if place:
                await _serve(socket, service, _Mailbox(place))
            else:
                await _refuse(socket, busy("there are too many streams", 5), TRY_LATER)


async def _serve(socket: WebSocket, service: Service, mailbox: _Mailbox) -> None:
    reader = StreamReader(service.recogniser, service.decoder)
    filling = asyncio.create_task(mailbox.fill(socket))
    try:
        while True:
            try:
                news = await mailbox.next()
            except TimeoutError:
                await _give_settled(socket, service, mailbox, reader)
                continue
            if news is None:
                break
            if not await _answer(socket, service, reader, news):
                return
        if mailbox.place.is_needed:
            await _refuse(socket, busy("another stream needed the place of this one, which was idle", 5), TRY_LATER)
        elif mailbox.polite:
            await socket.send_json(await run_in_threadpool(reader.finish))
            await socket.close()
    finally:
        filling.cancel()


async def _answer(socket: WebSocket, service: Service, reader: StreamReader, frame: _Arrival) -> bool:
    """Answer a frame; returns whether the stream goes on."""
    try:
        pool = await service.pool_for([frame.content])
        await socket.send_json(await pool.run(reader.read, frame))
    except (ServiceError, InputError) as error:
        refusal = unreadable(error) if isinstance(error, InputError) else error
        if refusal.code == "size_changed":
            await _refuse(socket, refusal, UNUSABLE)
            return False
        await socket.send_json({"frame": frame.index, **_error(refusal)})
    return True


async def _give_settled(socket: WebSocket, service: Service, mailbox: _Mailbox, reader: StreamReader) -> None:
    """Give out the vehicles that are gone, to a client whose frames have the times when they come."""
    if mailbox.tells_time:
        return
    # With too much to do it can wait.
    with contextlib.suppress(ServiceError):
        answer = await service.pool.run(reader.wait, time.monotonic())
        if answer:
            await socket.send_json(answer)


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
    return is_token(service.settings, str(_parsed(first.get("text")).get("token", "")))


def _unauthorised() -> ServiceError:
    return ServiceError(401, "unauthorised", 'this service needs a token: send {"token": "…"} first')


async def _deny(socket: WebSocket, refusal: ServiceError) -> None:
    """Refuse a stream instead of accepting it."""
    await socket.send_denial_response(refusal.response(socket.url.path))


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
