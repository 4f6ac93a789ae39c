"""The one place where what went wrong becomes the one error shape of the contract."""

from collections.abc import Mapping

import msgspec
import structlog
from aiohttp import web

from ..errors import MeterhouseError, Problem, RateLimited, Unavailable
from ..storage.base import StoreUnavailable
from .bodies import respond
from .whole_response import WholeResponse

log = structlog.get_logger(__name__)


class ErrorBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """The body of every answer that is an error."""

    error: str
    message: str
    trace_id: str
    details: tuple[Problem, ...] = ()


HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is no such address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("payload_too_large", "The body is too large."),
}
"""What aiohttp itself refuses, in our words."""


def error_response(error: Exception, trace_id: str) -> WholeResponse:
    """The answer to a call that ended in `error`; nothing of an unforeseen one is shown."""
    if isinstance(error, MeterhouseError):
        return _known(error, trace_id)
    if isinstance(error, StoreUnavailable):
        log.warning("store_unavailable", reason=str(error))
        return _known(Unavailable("The store cannot be reached just now."), trace_id)
    if isinstance(error, web.HTTPException):
        code, message = HTTP_ERRORS.get(error.status, ("bad_request", "The call is malformed."))
        response = respond(error.status, ErrorBody(code, message, trace_id))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    log.error("unforeseen_error", exc_info=error)
    return respond(500, ErrorBody("internal_error", "Something went wrong here.", trace_id))


def _known(error: MeterhouseError, trace_id: str) -> WholeResponse:
    response = respond(error.status, ErrorBody(error.code, error.message, trace_id, error.details))
    if error.status == 401:  # noqa: PLR2004  # RFC 9110 asks for the challenge
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.reset)
        say_limit(response, error.limit, 0, error.reset)
    return response


def say_limit(response: WholeResponse, limit: int, remaining: int, reset: int) -> None:
    """Tell a caller where it stands, in headers; `reset` in seconds from now."""
    response.ready += (
        f"RateLimit-Limit: {limit}\r\n"
        f"RateLimit-Remaining: {remaining}\r\n"
        f"RateLimit-Reset: {reset}\r\n"
    )
