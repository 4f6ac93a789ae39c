"""What every call goes through, matched or not: its id, its clock, its headers, its errors."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from time import perf_counter

import structlog
from aiohttp import hdrs, web
from multidict import istr

from ..ids import new_id
from ..logs import ANSWERING
from ..settings import Settings
from .call_counts import CallCounts
from .envelope import Envelope
from .errors import error_response
from .route import Services
from .whole_response import Always, WholeResponse

# A name that is read at each call: as a plain str it would be folded to small letters each time.
REQUEST_ID, TRACE = istr("X-Request-Id"), istr("traceparent")
SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
CALLER_ERROR, SERVER_ERROR = 400, 500
"""From which status on a call has failed: by its caller's fault, by ours."""
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-store",
    "Server": "meterhouse",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
CORS_METHODS = "GET, POST, PUT"
CORS_HEADERS = "Authorization, Content-Type, X-API-Key, X-Request-Id, traceparent"
CORS_EXPOSED = (
    "Age, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request, Envelope], Awaitable[WholeResponse]]
"""What answers a call, whose envelope it may fill in."""
AiohttpHandler = Callable[[web.Request], Awaitable[WholeResponse]]


def edge(services: Services) -> Callable[[Handler], AiohttpHandler]:
    """What makes of a handler one that answers a call, whatever happens, and counts it.

    It is put around each handler, since aiohttp takes two more coroutines for a middleware.
    """
    settings = services.settings
    always = Always(SECURITY_HEADERS | HSTS if settings.production else SECURITY_HEADERS)
    counts = CallCounts(services.metrics)
    logged_from = 0.0 if settings.log_level == "debug" else settings.slow_call_ms / 1000

    async def answer(handler: Handler, request: web.Request) -> WholeResponse:
        began = perf_counter()
        envelope = Envelope(request.method, _request_id(request), _trace_id(request))
        # Each call is a task of its own, and what is set here ends with it.
        ANSWERING.set(envelope)
        try:
            if envelope.method == hdrs.METH_OPTIONS and _is_preflight(request):
                response = WholeResponse(HTTPStatus.NO_CONTENT)
            else:
                response = await handler(request, envelope)
        except Exception as error:  # noqa: BLE001  # the edge: logged and counted, answered in one shape
            response = error_response(error, envelope.trace_id or envelope.request_id)
        response.ready += f"X-Request-Id: {envelope.request_id}\r\n"
        response.always = always
        if settings.frontend_url:
            _allow_origin(request, response, settings.frontend_url)
        envelope.status, envelope.seconds = response.status, perf_counter() - began
        counts.add(envelope)
        if envelope.seconds >= logged_from or envelope.status >= CALLER_ERROR:
            _log(envelope, settings)
        return response

    return lambda handler: partial(answer, handler)


def _request_id(request: web.Request) -> str:
    said = request.headers.get(REQUEST_ID)
    return said if said and SANE_ID.match(said) else new_id()


def _trace_id(request: web.Request) -> str | None:
    """The trace that the caller's W3C `traceparent` names."""
    said = request.headers.get(TRACE)
    found = TRACEPARENT.match(said) if said else None
    return found.group(1) if found else None


def _is_preflight(request: web.Request) -> bool:
    return "Origin" in request.headers and "Access-Control-Request-Method" in request.headers


def _allow_origin(request: web.Request, response: WholeResponse, allowed: tuple[str, ...]) -> None:
    headers = response.headers
    headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin in allowed:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = CORS_EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if _is_preflight(request):
            headers["Access-Control-Allow-Methods"] = CORS_METHODS
            headers["Access-Control-Allow-Headers"] = CORS_HEADERS
            headers["Access-Control-Max-Age"] = "600"


def _log(call: Envelope, settings: Settings) -> None:
    slow = call.seconds * 1000 >= settings.slow_call_ms
    if call.status >= SERVER_ERROR:
        level = log.error
    elif slow or call.status >= CALLER_ERROR:
        level = log.info
    else:
        level = log.debug
    level(
        "slow_call" if slow else "call",
        method=call.method,
        endpoint=call.endpoint,
        status=call.status,
        ms=round(call.seconds * 1000, 1),
    )
