"""Bodies in and out: read within their limit, answered as the contract spells JSON."""

import asyncio
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
import orjson
from aiohttp import hdrs, web

from ..clock import rfc3339
from ..errors import Invalid, TooLarge, UnsupportedMediaType
from ..fields import Money
from .route import Route
from .whole_response import WholeResponse

TIMES = 4_096
"""Times whose text is kept: all series of an answer have the same, and so has the next answer."""
LONG = 64
"""Bits of a whole number that orjson may not encode."""
BODY_SECONDS = 30.0
"""Time for a body to arrive, so that slow senders cannot hold connections for ever."""


async def read_body(request: web.Request, route: Route) -> bytes:
    """The body of a call, unpacked where it came compressed.

    UnsupportedMediaType, TooLarge (counted after unpacking) or Invalid (too slow, not what its
    encoding says).
    """
    said = request.headers.get(hdrs.CONTENT_TYPE)
    if said not in route.media and request.content_type not in route.media:
        raise UnsupportedMediaType(f"Expected a body of type {' or '.join(route.media)}.")
    try:
        if request.content.is_eof():  # most bodies come whole, together with their headers
            body = request.content.read_nowait()
        else:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _still_coming(request, route)
    except TimeoutError:
        raise Invalid.field("", f"The body did not arrive within {BODY_SECONDS:g} s") from None
    except web.RequestPayloadError as error:
        raise Invalid.field("", "The body is not what its headers say") from error
    if len(body) > route.body_limit:
        raise _too_large(route)
    return body


async def _still_coming(request: web.Request, route: Route) -> bytes:
    """A body as it arrives; of one that is too large no more than is needed to know it."""
    if (request.content_length or 0) > route.body_limit:
        raise _too_large(route)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > route.body_limit:
            break
    return bytes(body)


def _too_large(route: Route) -> TooLarge:
    return TooLarge(f"The body may have at most {route.body_limit} bytes.")


def encode(answer: Any) -> bytes:
    """JSON of an answer: Structs by their wire names, money as exact numbers, NaN as null."""
    plain = msgspec.to_builtins(answer, builtin_types=(datetime, Decimal), enc_hook=_plain)
    try:
        return _dumps(plain)
    except orjson.JSONEncodeError:  # a sum may have more than the 64 bits that orjson knows
        return _dumps(_spelled_out(plain))


def _dumps(plain: Any) -> bytes:
    return orjson.dumps(plain, default=_encode_special, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _spelled_out(plain: Any) -> Any:
    """The same with its large whole numbers as JSON."""
    if isinstance(plain, dict):
        return {name: _spelled_out(value) for name, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_spelled_out(value) for value in plain]
    if isinstance(plain, int) and plain.bit_length() >= LONG:
        return orjson.Fragment(str(plain))
    return plain


def _plain(value: object) -> Any:
    if isinstance(value, Money):
        return Decimal(value)
    raise TypeError(f"cannot encode {type(value).__name__}")


def _encode_special(value: object) -> Any:
    if isinstance(value, Decimal):  # most buckets of a long series are empty
        return orjson.Fragment(format(value.normalize(), "f")) if value else 0
    if isinstance(value, datetime):
        return _spelled(value)
    raise TypeError(f"cannot encode {type(value).__name__}")


@lru_cache(TIMES)
def _spelled(moment: datetime) -> str:
    return rfc3339(moment)


def respond(status: int, answer: Any) -> WholeResponse:
    """A JSON response."""
    return WholeResponse(status, encode(answer))
