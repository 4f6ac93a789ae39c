"""What every call goes through, matched or not: its id, its clock, its headers, its errors."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import perf_counter

import structlog
from aiohttp import hdrs, web

from ..family import Exemplar
from ..ids import new_id
from ..metrics import catalogue
from .errors import error_response
from .route import SERVICES, Services

SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
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

REQUEST_ID = web.RequestKey("request_id", str)
TRACE_ID: web.RequestKey[str | None] = web.RequestKey("trace_id")

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a call, whatever happens, and count it."""
    began = perf_counter()
    services = request.app[SERVICES]
    request_id = _request_id(request)
    trace_id = _trace_id(request)
    request[REQUEST_ID] = request_id
    request[TRACE_ID] = trace_id
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    try:
        if request.method == hdrs.METH_OPTIONS and _is_preflight(request):
            response: web.StreamResponse = web.Response(status=204)
        else:
            response = await handler(request)
    except Exception as error:  # noqa: BLE001  # the edge: logged and counted, answered in one shape
        response = error_response(error, trace_id or request_id)
    response.headers["X-Request-Id"] = request_id
    _add_headers(request, response, services)
    _observe(request, response.status, perf_counter() - began, services)
    return response


def _request_id(request: web.Request) -> str:
    said = request.headers.get("X-Request-Id", "")
    return said if SANE_ID.match(said) else new_id()


def _trace_id(request: web.Request) -> str | None:
    """The trace that the caller's W3C `traceparent` names."""
    found = TRACEPARENT.match(request.headers.get("traceparent", ""))
    return found.group(1) if found else None


def _is_preflight(request: web.Request) -> bool:
    return "Origin" in request.headers and "Access-Control-Request-Method" in request.headers


def _add_headers(request: web.Request, response: web.StreamResponse, services: Services) -> None:
    headers = response.headers
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if services.settings.production:
        headers.update(HSTS)
    allowed = services.settings.frontend_url
    if not allowed:
        return
    headers["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin in allowed:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = CORS_EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if _is_preflight(request):
            headers["Access-Control-Allow-Methods"] = CORS_METHODS
            headers["Access-Control-Allow-Headers"] = CORS_HEADERS
            headers["Access-Control-Max-Age"] = "600"


def _observe(request: web.Request, status: int, seconds: float, services: Services) -> None:
    resource = request.match_info.route.resource
    endpoint = resource.canonical if resource is not None else "unmatched"
    method = request.method if request.method in METHODS else "other"
    labels = ("exporter", endpoint, method, str(status))
    trace_id = request[TRACE_ID]
    exemplar: Exemplar = ("trace_id", trace_id) if trace_id else ("request_id", request[REQUEST_ID])
    services.metrics.inc(catalogue.HTTP_REQUESTS, labels)
    services.metrics.observe(catalogue.HTTP_REQUEST_DURATION, labels, seconds, exemplar)
    slow = seconds * 1000 >= services.settings.slow_call_ms
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        level = log.error
    else:
        level = log.info if slow or status >= HTTPStatus.BAD_REQUEST else log.debug
    level(
        "slow_call" if slow else "call",
        method=method,
        endpoint=endpoint,
        status=status,
        ms=round(seconds * 1000, 1),
    )
