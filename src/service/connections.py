"""The server: how many connections there may be, how long they may keep it waiting, and how it ends."""

import asyncio
import faulthandler
import functools
import resource
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .settings import Settings

#: On SIGTERM or Ctrl-C requests that have come in have so long to be answered, in seconds; then those that are left
#: are told that the service ends, then they are dropped, and then the process ends, whatever it does.
ANSWERING_S, SHUTDOWN_S, END_S = 4.0, 6, 8.5
#: An answer of which nothing is taken for so many seconds is given up; and once the service has so long been ending.
WRITING_S, ENDING_S = 60.0, 5.0
#: Of a stream whose client has not shown a token so much is received, in bytes: its first message has to be small.
FIRST_MESSAGE_BYTES = 8_192
#: Bytes of pongs and answers that wait for a client that asks for ever more, and parts that a message may come in.
LARGEST_BACKLOG, MOST_PARTS = 4_000_000, 10_000
#: The ASGI extension by which an application tells that the client of a stream has shown a token.
TRUST = "numberplate.trust"

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n"
    b"content-type: application/json\r\ncontent-length: 98\r\n\r\n"
    b'{"error": {"code": "busy", "message": "there are too many connections at once; try again in 5 s"}}'
)


def serve(app: FastAPI, settings: Settings, host: str, port: int) -> None:
    """Serve the application until a signal ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        # Half of the files that the process may open are left for files.
        http=functools.partial(_HttpProtocol, settings, files // 2),  # type: ignore[arg-type]
        ws=_StreamProtocol,
        ws_max_size=round(1_000_000 * settings.max_body_mb),
        # Pictures are compressed, and a few bytes could become many.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        server_header=False,
        # Addresses may hold tokens (OpenALPR's secret_key); what happens is told by the metrics.
        access_log=False,
    )
    _Server(config).run()


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            # However slow what it does is; the log tells what that is.
            faulthandler.dump_traceback_later(END_S, exit=True)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: Any = None) -> None:
        # No answer waits much longer to be taken, also of a connection that is only coming in.
        _Patient.deadline = time.monotonic() + ENDING_S
        state = cast(FastAPI, self.config.app).state
        asyncio.get_running_loop().call_later(ANSWERING_S, state.service.give_up)
        state.is_ending = True  # what goes on for ever ends
        await super().shutdown(sockets)


class _Patient(asyncio.Protocol):
    """A protocol that waits only so long for its client, who has to take what is written, for one thing."""

    transport: asyncio.Transport
    #: By the monotonic clock; no answer waits longer to be taken.
    deadline = float("inf")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.timers: dict[str, asyncio.TimerHandle] = {}
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        for what in list(self.timers):
            self.stop_waiting(what)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.wait_for("writing", min(WRITING_S, self.deadline - time.monotonic()), self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.stop_waiting("writing")

    def wait_for(self, what: str, limit_s: float, give_up: Callable[[], None]) -> None:
        """Give up in so many seconds, if what is waited for has not come by then."""
        if what not in self.timers:
            self.timers[what] = asyncio.get_running_loop().call_later(limit_s, give_up)

    def stop_waiting(self, what: str) -> None:
        if what in self.timers:
            self.timers.pop(what).cancel()


class _HttpProtocol(_Patient, H11Protocol):
    """HTTP with a deadline for the header of a request, and a limit of connections per address."""

    def __init__(self, settings: Settings, most: int, **options: Any) -> None:
        super().__init__(**options)
        self._settings, self._most = settings, most

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Streams are among them: uvicorn keeps all that there are.
        clients = [getattr(other, "client", None) for other in self.connections]
        same = sum(bool(client and self.client and client[0] == self.client[0]) for client in clients)
        if same > self._settings.max_connections or len(self.connections) > self._most:
            transport.write(_TOO_MANY)
            transport.close()
        else:
            self.wait_for("header", self._settings.header_seconds, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take in what comes; while that is no whole header, the client has only so much time for it."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.wait_for("header", self._settings.header_seconds, self.transport.close)
        else:
            self.stop_waiting("header")

    def shutdown(self) -> None:
        """The service ends: what is read already is answered, and nobody is waited for."""
        if (self.cycle and not self.cycle.response_complete and self.cycle.more_body) or "writing" in self.timers:
            self.transport.abort()
        else:
            super().shutdown()


class _StreamProtocol(_Patient, WebSocketsSansIOProtocol):
    """A WebSocket of whose client little is received before it has shown a token."""

    _trusted, _received = False, 0

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        # Who does not answer the end of a stream is not waited for.
        self.close_timeout = 2.0
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[TRUST] = functools.partial(setattr, self, "_trusted", True)

    def data_received(self, data: bytes) -> None:
        if self._trusted or self._received <= FIRST_MESSAGE_BYTES:
            super().data_received(data)
        if self.transport.get_write_buffer_size() > LARGEST_BACKLOG or len(self.frames) > MOST_PARTS:
            self.transport.abort()
        if self._trusted or not self.handshake_complete or self.read_paused:
            return
        # Once too much has come without a whole message, the application gets an empty one, and nothing after it.
        before, self._received = self._received, self._received + len(data)
        if before <= FIRST_MESSAGE_BYTES < self._received:
            self.queue.put_nowait({"type": "websocket.receive", "text": ""})

    async def send(self, message: Any) -> None:
        # The application has read it by now; it would be logged, with whatever a client puts there.
        self.scope["query_string"] = b""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            # uvicorn forgets that a refusal is an answer, too, and would log that there is none.
            self.handshake_complete = True

    def shutdown(self) -> None:
        """The service ends; who does not take that is not waited for."""
        super().shutdown()
        self.loop.call_later(self.close_timeout, self.transport.abort)
