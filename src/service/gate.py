"""The gate: who may come in, how much they may bring, and how many do."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ServiceError, busy
from .metrics import Metrics
from .settings import Settings

#: What everybody may see: the page, which asks for a token itself, the description of the service, and its health.
PUBLIC = ("/", "/health", "/docs", "/openapi.json")
PUBLIC_FOLDERS = ("/page/", "/docs/", "/health/")
#: POST requests that may be under way at the same time, in multiples of what workers and queue hold: the others
#: are still being received.
UPLOADS = 2
#: A client that sends nothing for so many seconds is given up; after so many it has to send at the least rate.
PAUSE_S, RATE_GRACE_S = 30.0, 5.0
#: Of a request that is refused so many bytes are received and thrown away, for so many seconds: most clients look for
#: an answer only after they have sent everything.
DRAIN_BYTES, DRAIN_S = 200_000_000, 10.0


def shown_token(headers: Headers, query: bytes = b"") -> str:
    """The token that a request shows in ``Authorization: Token …`` or ``Bearer …``; empty where it shows none.

    The query is that of a request that may show its token there, as OpenALPR's clients do: ``secret_key=…``.
    """
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer"):
        shown = parse_qs(query.decode("latin-1")).get("secret_key", [""])[0]
    return shown.strip()


def is_token(settings: Settings, shown: str) -> bool:
    """Whether a text is one of the tokens; without any, every text will do."""
    given = shown.encode(errors="backslashreplace")
    matches = [hmac.compare_digest(given, token.encode()) for token in settings.tokens]
    return any(matches) or not matches


def is_welcome(settings: Settings, headers: Headers) -> bool:
    """Whether a page may open a stream, by its origin; what is no browser says none."""
    origin = headers.get("origin")
    if origin is None or origin in settings.cors_origins or "*" in settings.cors_origins:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


class Gate:
    """ASGI middleware that refuses requests before anything of them is looked at, and counts them."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it. Streams show their token themselves: browsers can send them no header."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Every GET may be asked for its head alone.
        method, status, start = scope["method"], 500, time.perf_counter()
        if method == "HEAD":
            scope["method"] = "GET"
        body = _Body(scope, receive, self._settings)

        async def send_after_body(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await body.drain()
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            self._check_token(scope)
            body.check_declared()
            # Whoever has no token never takes a place among the requests that are received.
            if method == "POST" and self._uploads >= UPLOADS * (self._settings.workers + self._settings.queue):
                raise busy("the service receives too many requests at the same time", 1)
            self._uploads += method == "POST"
            try:
                await self._app(scope, body.receive, send_after_body)
            finally:
                self._uploads -= method == "POST"
        except ServiceError as refusal:
            await refusal.response(scope["path"])(scope, receive, send_after_body)
        finally:
            # Addresses that lead nowhere share one name: there are endlessly many.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(scope["method"] if route != "none" else "any", route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)

    def _check_token(self, scope: Scope) -> None:
        path = scope["path"]
        shown = shown_token(Headers(scope=scope), scope["query_string"] if path == "/v2/recognize_bytes" else b"")
        if not (path in PUBLIC or path.startswith(PUBLIC_FOLDERS) or is_token(self._settings, shown)):
            message = "this service needs a token: send the header Authorization: Token followed by it"
            raise ServiceError(401, "unauthorised", message, {"WWW-Authenticate": "Token"})
        # What jobs are marked with that a token sent; it does not tell the token.
        mark = hashlib.sha256(shown.encode(errors="backslashreplace")).hexdigest()
        scope.setdefault("state", {})["owner"] = mark if self._settings.tokens else None


class _Body:
    """The body of a request on its way in; no more of it than allowed."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings) -> None:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self._declared = int(declared) if declared.isdigit() else 0
        self._expects_answer = headers.get("expect", "").lower() == "100-continue"
        self._receive, self._settings = receive, settings
        self._limit_mb = settings.max_video_mb if scope["path"] == "/v1/video" else settings.max_body_mb
        self._received, self._complete = 0, False
        #: Seconds that the client was waited for.
        self._waited_s = 0.0

    def check_declared(self) -> None:
        """Refuse what its header says is too much."""
        self._check_size(self._declared)

    async def receive(self) -> Message:
        """The next part."""
        if self._complete:
            return await self._receive()
        start = time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience_s())
        except TimeoutError as error:
            self._complete = True
            raise ServiceError(408, "request_timeout", "the request comes in too slowly; send it faster") from error
        self._waited_s += time.monotonic() - start
        self._note(message)
        self._check_size(self._received)
        return message

    async def drain(self) -> None:
        """Receive the rest, within reason."""
        if self._expects_answer and not self._received:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while not self._complete and self._received <= DRAIN_BYTES:
                    self._note(await self._receive())

    def _patience_s(self) -> float:
        """How long to wait for the next part: no longer than the least rate and the deadline allow."""
        due_s = max(RATE_GRACE_S, self._received / (1000 * self._settings.least_kb_per_second))
        return max(0.0, min(PAUSE_S, due_s - self._waited_s, self._settings.upload_seconds - self._waited_s))

    def _note(self, message: Message) -> None:
        self._received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)

    def _check_size(self, size: int) -> None:
        if size > 1_000_000 * self._limit_mb:
            raise ServiceError(413, "too_large", f"the request is larger than {self._limit_mb:g} MB; send less")
