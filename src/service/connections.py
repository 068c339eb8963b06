"""Connections: how many there may be, and how long they may keep the service waiting."""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .settings import Settings

#: An answer of which nothing is taken for so many seconds is given up.
WRITING_S = 60.0
#: The same while the service ends.
ENDING_S = 3.0
#: Of a stream whose client has not shown a token so much is received, in bytes: its first message has to be small.
FIRST_MESSAGE_BYTES = 8_192
#: Pongs and answers that wait for a client that asks for ever more, in bytes.
LARGEST_BACKLOG = 4_000_000
#: Parts that a message may come in.
MOST_PARTS = 10_000
#: The ASGI extension by which an application tells that the client of a stream has shown a token.
TRUST = "numberplate.trust"

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n"
    b"content-type: application/json\r\ncontent-length: 98\r\n\r\n"
    b'{"error": {"code": "busy", "message": "there are too many connections at once; try again in 5 s"}}'
)


def most_connections() -> int:
    """How many connections there may be in all: half of the files that the process may open are left for files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return 32_768 if soft == resource.RLIM_INFINITY else soft // 2


class _Writing:
    """Gives a connection up whose client takes nothing of what is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether something waits to be taken."""
        return self._timer is not None

    def pause(self, limit_s: float = WRITING_S) -> None:
        """There is too much that was not taken; it is waited for so many seconds."""
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._transport.abort)

    def resume(self) -> None:
        """It was taken, or the connection ends."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


class HttpProtocol(H11Protocol):
    """HTTP with a deadline for the header of a request, and a limit of connections per address."""

    def __init__(self, settings: Settings, most: int, **options: Any) -> None:
        """Wait for a connection.

        Args:
            settings: know the limits.
            most: connections from all addresses at the same time.
            options: of uvicorn's protocol.
        """
        super().__init__(**options)
        self._settings, self._most = settings, most
        self._header_timer: asyncio.TimerHandle | None = None
        self._is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection in, or refuse it."""
        super().connection_made(transport)
        self._writing = _Writing(transport)
        # Streams are among them: uvicorn keeps all that there are.
        clients = [getattr(other, "client", None) for other in self.connections]
        same = sum(bool(client and self.client and client[0] == self.client[0]) for client in clients)
        if same > self._settings.max_connections or len(self.connections) > self._most:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._watch_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._unwatch_header()
        self._writing.resume()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what comes; while that is no whole header, the client has only so much time for it."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            if not self._header_timer:
                self._watch_header()
        else:
            self._unwatch_header()

    def pause_writing(self) -> None:
        """There is too much that was not taken."""
        super().pause_writing()
        self._writing.pause(ENDING_S if self._is_ending else WRITING_S)

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._writing.resume()

    def shutdown(self) -> None:
        """The service ends: what is read already is answered, and nobody is waited for."""
        self._is_ending = True
        receiving = self.cycle and not self.cycle.response_complete and self.cycle.more_body
        if receiving or self._writing.is_stuck:
            self.transport.abort()
        else:
            super().shutdown()

    def _watch_header(self) -> None:
        self._header_timer = self.loop.call_later(self._settings.header_s, self.transport.close)

    def _unwatch_header(self) -> None:
        if self._header_timer:
            self._header_timer.cancel()
            self._header_timer = None


class StreamProtocol(WebSocketsSansIOProtocol):
    """A WebSocket of whose client little is received before it has shown a token."""

    def __init__(self, **options: Any) -> None:
        """Wait for a connection; options as of uvicorn's protocol."""
        super().__init__(**options)
        # Who does not answer the end of a stream is not waited for.
        self.close_timeout = 2.0
        self._trusted = False
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over from HTTP."""
        super().connection_made(transport)
        self._writing = _Writing(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._writing.resume()
        super().connection_lost(exc)

    def handle_connect(self, event: Any) -> None:
        """Ask the application whether to accept the stream."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]  # type: ignore[assignment]
            extensions[TRUST] = self._trust
            # It would be logged, with whatever a client puts there.
            self.scope["query_string"] = b""

    def data_received(self, data: bytes) -> None:
        """Take in what comes."""
        if self._trusted:
            super().data_received(data)
        elif self._received <= FIRST_MESSAGE_BYTES:
            super().data_received(data)
            self._count(len(data))

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            # uvicorn forgets that a refusal is an answer, too, and would log that there is none.
            self.handshake_complete = True

    def handle_cont(self, event: Any) -> None:
        """Take in another part of a message."""
        if len(self.frames) >= MOST_PARTS:
            self.transport.abort()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless no answer is taken."""
        if self.transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self.transport.abort()
            return
        super().handle_ping()

    def pause_writing(self) -> None:
        """There is too much that was not taken."""
        super().pause_writing()
        self._writing.pause()

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._writing.resume()

    def shutdown(self) -> None:
        """The service ends; who does not take that is not waited for."""
        super().shutdown()
        self.loop.call_later(self.close_timeout, self.transport.abort)

    def _trust(self) -> None:
        self._trusted = True

    def _count(self, received: int) -> None:
        """Once too much has come without a whole message, the application gets an empty one, and nothing after it."""
        if not self.handshake_complete or self.read_paused:
            return
        self._received += received
        if self._received > FIRST_MESSAGE_BYTES:
            self.queue.put_nowait({"type": "websocket.receive", "text": ""})
