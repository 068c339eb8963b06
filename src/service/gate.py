"""The gate: who may come in, and how much they may bring."""

import asyncio
import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.service.errors import ServiceError, busy
from src.service.settings import Settings

#: What everybody may see: the page, which asks for a token itself, the description of the service, and its health.
PUBLIC = ("/", "/health", "/docs", "/openapi.json")
PUBLIC_FOLDERS = ("/page/", "/docs/")
#: POST requests that may be under way at the same time, in multiples of what workers and queue hold: the others
#: are still being received.
UPLOADS = 2
#: A client that sends nothing for so many seconds in the middle of a request is given up.
PAUSE_S = 30.0
#: Of a request that is refused so much is received and thrown away, for so many seconds: most clients look for an
#: answer only after they have sent everything.
DRAIN_BYTES = 200_000_000
DRAIN_S = 10.0


def is_authorised(settings: Settings, headers: Headers, query: bytes = b"") -> bool:
    """Whether a request shows a token, if it has to.

    Args:
        settings: know the tokens.
        headers: of the request; ``Authorization: Token …`` or ``Bearer …``.
        query: of the request, where a client may show its token there, as OpenALPR's do: ``secret_key=…``.
    """
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer"):
        shown = parse_qs(query.decode("latin-1")).get("secret_key", [""])[0]
    return is_token(settings, shown.strip())


def is_token(settings: Settings, shown: str) -> bool:
    """Whether a text is one of the tokens; without any, every text will do."""
    given = shown.encode(errors="backslashreplace")
    matches = [hmac.compare_digest(given, token.encode()) for token in settings.tokens]
    return any(matches) or not matches


class Gate:
    """ASGI middleware that refuses requests before anything of them is looked at."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Stand before an application."""
        self._app = app
        self._settings = settings
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it. Streams show their token themselves: browsers can send them no header."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._limit(scope["path"]))

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            await send(message)

        sends = scope["method"] == "POST"
        self._uploads += sends
        try:
            self._check(scope, body)
            await self._app(scope, body.receive, send_after_body)
        except ServiceError as refusal:
            await refusal.response(scope["path"])(scope, receive, send_after_body)
        finally:
            self._uploads -= sends

    def _check(self, scope: Scope, body: "_Body") -> None:
        headers, path = Headers(scope=scope), scope["path"]
        if not (path in PUBLIC or path.startswith(PUBLIC_FOLDERS)):
            query = scope["query_string"] if path == "/v2/recognize_bytes" else b""
            if not is_authorised(self._settings, headers, query):
                message = "this service needs a token: send the header Authorization: Token followed by it"
                raise ServiceError(401, "unauthorised", message, {"WWW-Authenticate": "Token"})
        body.check_declared()
        if scope["method"] == "POST" and self._uploads > UPLOADS * (self._settings.workers + self._settings.queue):
            raise busy("the service receives too many requests at the same time", 1)

    def _limit(self, path: str) -> int:
        return self._settings.max_video_bytes if path == "/v1/video" else self._settings.max_body_bytes


class _Body:
    """The body of a request on its way in; no more of it than allowed."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self._declared = int(declared) if declared.isdigit() else 0
        self._expects_answer = headers.get("expect", "").lower() == "100-continue"
        self._receive, self._limit = receive, limit
        self._received, self._complete = 0, False

    def check_declared(self) -> None:
        """Refuse what its header says is too much."""
        if self._declared > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part."""
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), PAUSE_S)
        except TimeoutError as error:
            self._complete = True
            raise ServiceError(408, "request_timeout", f"nothing was received for {PAUSE_S:.0f} s") from error
        self._received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._received > self._limit:
            raise self._too_large()
        return message

    async def drain(self) -> None:
        """Receive the rest, within reason."""
        if self._expects_answer and not self._received:
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self._complete and self._received <= DRAIN_BYTES:
                    message = await self._receive()
                    self._received += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            pass

    def _too_large(self) -> ServiceError:
        return ServiceError(413, "too_large", f"the request is larger than {self._limit / 1e6:g} MB; send less")
