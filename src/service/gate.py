"""The gate: who may come in, how much they may bring, and how many do."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ServiceError, busy
from .settings import Settings
from .state import Service

#: What everybody may see: the page, which asks for a token itself, the description of the service, and its health.
PUBLIC = ("/", "/health", "/docs", "/openapi.json")
PUBLIC_FOLDERS = ("/page/", "/docs/", "/health/")
#: POST requests under way at the same time, in multiples of what workers and queue hold: the others are being received.
UPLOADS = 2
#: A client that sends nothing for so many seconds is given up; after so many it has to send at the least rate.
PAUSE_S, RATE_GRACE_S = 30.0, 5.0
#: Of a refused request so many bytes are thrown away, for so many seconds: most clients look for an answer at the end.
DRAIN_BYTES, DRAIN_S = 200_000_000, 10.0
#: Of every response: browsers shall guess no types, tell nobody where they come from, and ask again for what they have.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


def shown_token(headers: Headers) -> str:
    """The token that a request shows in ``Authorization: Token …`` or ``Bearer …``; empty where it shows none."""
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() in ("token", "bearer") else ""


def is_token(settings: Settings, shown: str) -> bool:
    """Whether a text is one of the tokens; without any, every text will do."""
    given = shown.encode(errors="backslashreplace")
    matches = [hmac.compare_digest(given, token.encode()) for token in settings.tokens]
    return any(matches) or not matches


def is_welcome(settings: Settings, headers: Headers) -> bool:
    """Whether a page may open a stream, by its origin; what is no browser says none."""
    if (origin := headers.get("origin")) is None or origin in settings.cors_origins or "*" in settings.cors_origins:
        return True
    return origin.lower().partition("://")[2] == headers.get("host", "").lower()


class Gate:
    """ASGI middleware that refuses requests before anything of them is looked at, and counts them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._places = asyncio.Semaphore(UPLOADS * (settings.workers + settings.queue))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it. Streams show their token themselves: browsers can send them no header."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()
        # Every GET may be asked for its head alone: the server, which keeps its own scope, leaves out the body then.
        scope = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"]}
        body = _Body(scope, receive, self._settings)

        async def send_after_body(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await body.drain()
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            self._check_token(scope)
            body.check_size(int(Headers(scope=scope).get("content-length", 0)))
            is_post = scope["method"] == "POST"
            # Whoever has no token never takes a place among the requests that are received.
            if is_post and self._places.locked():
                raise busy("the service receives too many requests at the same time", 1)
            async with self._places if is_post else contextlib.nullcontext():
                await self._app(scope, body.receive, send_after_body)
        except ServiceError as refusal:
            await refusal.response(scope["path"])(scope, receive, send_after_body)
        finally:
            # Files, and addresses that lead nowhere, share one name: there are endlessly many of the latter.
            route = getattr(scope.get("route"), "path", "none")
            service: Service = scope["app"].state.service
            service.requests.labels(scope["method"] if route != "none" else "any", route, str(status)).inc()
            service.seconds.labels(route).observe(time.perf_counter() - start)

    def _check_token(self, scope: Scope) -> None:
        path, shown = scope["path"], shown_token(Headers(scope=scope))
        if path.startswith("/v2/"):
            # As OpenALPR's clients do.
            shown = shown or parse_qs(scope["query_string"].decode("latin-1")).get("secret_key", [""])[0].strip()
        is_known = is_token(self._settings, shown) or scope.get("state", {}).get("person")  # whom the site knows
        if not (path in PUBLIC or path.startswith(PUBLIC_FOLDERS) or is_known):
            message = "this service needs a token: send the header Authorization: Token followed by it"
            raise ServiceError(401, "unauthorised", message, {"WWW-Authenticate": "Token"})
        # What jobs are marked with that a token sent; it does not tell the token.
        mark = hashlib.sha256(shown.encode(errors="backslashreplace")).hexdigest()
        scope.setdefault("state", {})["owner"] = mark if self._settings.tokens else None


class _Body:
    """The body of a request on its way in; no more of it than allowed, and no slower."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings) -> None:
        self._receive, self._settings, headers = receive, settings, Headers(scope=scope)
        self._expects_answer = headers.get("expect", "").lower() == "100-continue"
        self._limit_mb = settings.max_video_mb if scope["path"] == "/v1/video" else settings.max_body_mb
        # Without a body there is nothing to wait for.
        self._complete = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        self._received, self._waited_s = 0, 0.0  # bytes that came; seconds that the client was waited for

    def check_size(self, size: int) -> None:
        """Refuse what is too large, in bytes."""
        if size > 1_000_000 * self._limit_mb:
            raise ServiceError(413, "too_large", f"the request is larger than {self._limit_mb:g} MB; send less")

    async def receive(self) -> Message:
        """The next part, waited for no longer than the least rate and the deadline allow."""
        if self._complete:
            return await self._receive()
        start = time.monotonic()
        due_s = max(RATE_GRACE_S, self._received / (1000 * self._settings.least_kb_per_second))
        left_s = min(due_s, self._settings.upload_seconds) - self._waited_s
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, min(PAUSE_S, left_s)))
        except TimeoutError as error:
            self._complete = True
            raise ServiceError(408, "request_timeout", "the request comes in too slowly; send it faster") from error
        self._waited_s += time.monotonic() - start
        self._note(message)
        self.check_size(self._received)
        return message

    async def drain(self) -> None:
        """Receive the rest, within reason."""
        if self._expects_answer and not self._received:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while not self._complete and self._received <= DRAIN_BYTES:
                    self._note(await self._receive())

    def _note(self, message: Message) -> None:
        self._received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
