"""``WS /v1/stream``: frames come in one by one, plates and settled vehicles go out."""

import asyncio
import base64
import contextlib
import time

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from starlette.types import Message

from ..basics.errors import InputError
from ..media.decoding import DecoderClosedError
from ..media.inputs import ImageSource
from ..recognition.options import ReadOptions
from ..video.reader import FrameReader, SizeChangedError
from .connections import TRUST
from .errors import ServiceError, as_refusal, busy
from .gate import is_token, is_welcome, shown_token
from .state import Service, ServiceHere
from .uploads import json_object, told_texts

stream_routes = APIRouter()
#: A client has so long to show its token, in seconds.
TOKEN_S = 5.0
#: What a browser offers as subprotocols in place of a header: the first, and its token, base64url, behind the other.
PROTOCOL, TOKEN_PREFIX = "number-plates", "token."
#: Where a client is silent for so long, the vehicles that are gone by now are given out, in seconds.
SILENCE_S = 5.0
#: With what a stream is closed that is refused, by the code of the failure.
CLOSING = {"unauthorised": 1008, "size_changed": 1003, "busy": 1013}
#: Times beyond this are no times, in seconds: some three hundred years.
LARGEST_TIME_S = 1e10


class StreamSession:
    """The frames of one client: the latest is read, and the others are left out."""

    def __init__(self, socket: WebSocket, service: Service, options: ReadOptions) -> None:
        self._socket, self._service = socket, service
        self._reader = FrameReader(service.recogniser.with_options(options))
        #: The latest frame: its number, the picture, its time in seconds, and whether it came then; None ends.
        self._frames: asyncio.Queue[tuple[int, ImageSource, float, bool] | None] = asyncio.Queue()
        self._is_polite = self._tells_time = False
        #: When something came in last, by the monotonic clock.
        self._used = time.monotonic()

    async def run(self) -> None:
        """Answer until the client ends the stream, or goes, or has no place any more."""
        self._take_place()
        self._receiving = asyncio.create_task(self._receive())
        try:
            while True:
                try:
                    frame = await asyncio.wait_for(self._frames.get(), SILENCE_S)
                except TimeoutError:
                    await self._give_settled()
                    continue
                if frame is None:
                    break
                await self._answer(*frame)
            if self not in self._service.streams:
                raise busy("another stream needed the place of this one, which was idle", 5)
            if self._is_polite:
                whole = await run_in_threadpool(self._reader.finish)
                await self._socket.send_json(whole and whole.to_dict())
                await self._socket.close()
        finally:
            self._receiving.cancel()
            self._service.streams.discard(self)

    def _take_place(self) -> None:
        """A camera may be silent for hours; but after a while its place is given to another stream that needs it."""
        streams, settings = self._service.streams, self._service.settings
        if len(streams) >= settings.max_streams:
            idlest = min(streams, key=lambda other: other._used)
            if time.monotonic() - idlest._used < settings.stream_idle_seconds:
                raise busy("there are too many streams", 5)
            streams.discard(idlest)
            idlest._receiving.cancel()
        streams.add(self)

    async def _receive(self) -> None:
        """Receive frames until the client says that it ends, or goes."""
        number, time_s = 0, None
        try:
            while not self._is_polite and (message := await self._socket.receive())["type"] == "websocket.receive":
                self._used = time.monotonic()
                if message.get("bytes"):
                    if not self._frames.empty():
                        self._frames.get_nowait()
                    picture, now_s = ImageSource(f"frame {number}", message["bytes"]), self._used
                    self._frames.put_nowait((number, picture, now_s if time_s is None else time_s, time_s is None))
                    number, time_s = number + 1, None
                told = json_object(message.get("text"))
                match told.get("time_s"):
                    case int() | float() as said if not isinstance(said, bool) and abs(said) < LARGEST_TIME_S:
                        time_s, self._tells_time = float(said), True
                self._is_polite = bool(told.get("end"))
        finally:
            self._frames.put_nowait(None)

    async def _answer(self, number: int, picture: ImageSource, time_s: float, came_then: bool) -> None:
        decoder, reader = self._service.decoder, self._reader
        try:
            pool = await self._service.pool_for(picture)
            answer = await pool.run(lambda: reader.read(number, decoder.load(picture).image, time_s, came_then))
            await self._socket.send_json(answer)
        except SizeChangedError as error:
            raise ServiceError(400, "size_changed", str(error)) from error
        except (ServiceError, InputError, DecoderClosedError) as error:
            await self._socket.send_json({"frame": number, **as_refusal(error).native})

    async def _give_settled(self) -> None:
        """Give out the vehicles that are gone, to a client whose frames have the times when they come."""
        # With too much to do it can wait.
        with contextlib.suppress(ServiceError):
            if not self._tells_time and (answer := await self._service.pool.run(self._reader.wait, time.monotonic())):
                await self._socket.send_json(answer)


@stream_routes.websocket("/v1/stream")
async def stream(socket: WebSocket, service: ServiceHere) -> None:
    """Read a live stream: each binary message is a frame; ``{"end": true}`` asks for the whole answer.

    ``{"time_s": 1.25}`` before a frame is its time, for clients that send a recording faster than it was made.
    """
    settings, shown, offered = service.settings, shown_token(socket.headers), _offered_token(socket)
    known = is_token(settings, shown or offered)
    unauthorised = ServiceError(401, "unauthorised", 'this service needs a token: send {"token": "…"} first')
    # Until it is accepted a stream is denied with the response that any other request would have.
    if not is_welcome(settings, socket.headers):
        message = "pages of this origin may not open streams; name it in PLATE_CORS_ORIGINS"
        raise ServiceError(403, "forbidden_origin", message)
    if shown and not known:
        raise unauthorised
    if not known and not offered and service.strangers.locked():
        raise busy("too many streams have not shown their token", 5)
    options = ReadOptions.parse(told_texts(socket))
    await socket.accept(PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None)
    with contextlib.suppress(WebSocketDisconnect):
        try:
            # A browser does not tell its page why a stream was denied.
            if not known and (offered or not await _introduces_itself(socket, service)):
                raise unauthorised
            socket.scope["extensions"].get(TRUST, bool)()
            await StreamSession(socket, service, options).run()
        except ServiceError as refusal:
            await socket.send_json(refusal.native)
            await socket.close(CLOSING[refusal.code], refusal.code)


def _offered_token(socket: WebSocket) -> str:
    """The token among the subprotocols that a browser offers; empty where there is none."""
    offered = (text for text in socket.scope["subprotocols"] if text.startswith(TOKEN_PREFIX))
    encoded = next(offered, "").removeprefix(TOKEN_PREFIX).encode()
    # Something that is no token, rather than none, where it is no base64.
    with contextlib.suppress(ValueError):
        return base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)).decode() or encoded.decode()
    return encoded.decode(errors="replace")


async def _introduces_itself(socket: WebSocket, service: Service) -> bool:
    """Whether the client shows a token in its first message."""
    first: Message = {}
    async with service.strangers:
        with contextlib.suppress(TimeoutError):
            first = await asyncio.wait_for(socket.receive(), TOKEN_S)
    return is_token(service.settings, str(json_object(first.get("text")).get("token", "")))
