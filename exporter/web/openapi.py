"""The HTTP contract as an OpenAPI 3.1 document, derived from nothing but the declared routes.

What a route declares is what its handler is called with and what the endpoint checks, so the
document cannot drift from the service. Building it twice gives the same bytes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

from ..errors import (
    Conflict,
    Forbidden,
    Invalid,
    MeterhouseError,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from .errors import ErrorBody
from .route import JSON, NDJSON, Access, NoQuery, Route
from .schemas import Schema, Schemas

TEXT = "text/plain"
ABOUT = """\
Events of AI products: kept durably, mirrored to Prometheus, answered over HTTP.

Bodies are JSON in UTF-8 with camelCase names. Times are RFC 3339 in UTC with milliseconds; a bare \
date means midnight UTC. Money is a JSON number. Unknown fields and unknown query parameters are \
refused by name. Every failure is answered with the one body that `ErrorBody` describes, and every \
answer carries an `X-Request-Id`."""

FAILURES: Mapping[int, type[MeterhouseError]] = {
    error.status: error
    for error in (
        Invalid,
        Unauthorized,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        UnsupportedMediaType,
        RateLimited,
        Unavailable,
    )
}
"""What a declared status of failure means."""

HEADERS: Mapping[str, tuple[str, Schema]] = {
    "Age": (
        "Seconds since the answer was made, where it was kept of an earlier call.",
        {"type": "integer", "minimum": 0},
    ),
    "X-Request-Id": ("The id of the call: the caller's own, if it sent one.", {"type": "string"}),
    "Retry-After": ("Seconds until it is worth trying again.", {"type": "integer", "minimum": 0}),
    "RateLimit-Limit": ("Calls allowed in a window.", {"type": "integer", "minimum": 0}),
    "RateLimit-Remaining": ("Calls left in this window.", {"type": "integer", "minimum": 0}),
    "RateLimit-Reset": ("Seconds until a new window.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("How to say who is calling.", {"type": "string"}),
}
RATE_LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
FAILURE_HEADERS: Mapping[int, tuple[str, ...]] = {
    Unauthorized.status: ("WWW-Authenticate",),
    RateLimited.status: ("Retry-After", *RATE_LIMITS),
    Unavailable.status: ("Retry-After",),
}

SECURITY_SCHEMES: Mapping[str, Schema] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's or an admin's token, by its claim `role`.",
    },
    "serviceKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The key of a backend that posts for its users.",
    },
    "serviceKeyAsToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A service key, from senders that cannot set a header of their own.",
    },
    "metricsToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that `METRICS_TOKEN` sets.",
    },
}


@dataclass(frozen=True)
class Admission:
    """What an Access means to a caller: credentials, any of which will do (none: not asked for;
    an empty one: may be left out), and how admission can fail."""

    credentials: tuple[Mapping[str, list[str]], ...] = ()
    failures: tuple[int, ...] = ()
    limited: bool = False


_REFUSALS = (401, 403, 429, 503)
ADMISSIONS: Mapping[Access, Admission] = {
    Access.PUBLIC: Admission(),
    Access.METRICS: Admission(({}, {"metricsToken": []}), (401,)),
    Access.CALLER: Admission(
        ({"token": ["user", "admin"]}, {"serviceKey": []}), _REFUSALS, limited=True
    ),
    Access.READER: Admission(({"token": ["user", "admin"]},), _REFUSALS, limited=True),
    Access.ADMIN: Admission(({"token": ["admin"]},), _REFUSALS, limited=True),
    Access.OPTIONAL: Admission(({}, {"token": ["admin"]}), _REFUSALS),
    Access.WEBHOOK: Admission(
        ({"token": ["admin"]}, {"serviceKey": []}, {"serviceKeyAsToken": []}),
        _REFUSALS,
        limited=True,
    ),
}

_PARAMETER = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of `routes`, in their order.

    ValueError where two routes have the same method and path, or would have the same operationId.
    """
    queries = [route.query for route in routes if route.query is not NoQuery]
    bodies = [route.body for route in routes if route.body is not None]
    answers = [answer for route in routes for answer in route.answers.values()]
    schemas = Schemas(read=[*bodies, *queries], written=[ErrorBody, *answers])
    paths: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for route in routes:
        operation = _operation(route, schemas)
        if operation["operationId"] in seen:
            raise ValueError(f"two routes are {operation['operationId']}")
        seen.add(operation["operationId"])
        paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Meterhouse",
            "version": version,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas.components(without=queries),
            "responses": {error.__name__: _failure(error, schemas) for error in FAILURES.values()},
            "headers": {
                name: {"description": description, "schema": schema}
                for name, (description, schema) in HEADERS.items()
            },
            "securitySchemes": dict(SECURITY_SCHEMES),
        },
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    admission = ADMISSIONS[route.access]
    operation: dict[str, Any] = {
        "operationId": route.operation or _operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "description": f"For {route.access.value}.",
        "security": list(admission.credentials),
    }
    if parameters := [*_path_parameters(route), *_query_parameters(route, schemas)]:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.body_limit / 2**20:g} MiB.",
            "content": {media: _body(route.body, media, schemas) for media in route.media},
        }
    failures = {*route.errors, *admission.failures}
    if route.body is not None or route.query is not NoQuery:
        failures.add(Invalid.status)
    responses = {
        str(status): {"$ref": f"#/components/responses/{FAILURES[status].__name__}"}
        for status in failures - route.answers.keys()
    }
    for status, answer in route.answers.items():
        responses[str(status)] = _answer(route, status, answer, schemas)
    operation["responses"] = dict(sorted(responses.items()))
    return operation


def _operation_id(route: Route) -> str:
    """`PUT /api/credits/update/{usageId}` is `putCreditsUpdateByUsageId`."""
    path = _PARAMETER.sub(r"by-\1", route.path).removeprefix("/api")
    words = re.findall(r"[A-Za-z0-9]+", path)
    return route.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _path_parameters(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route, schemas: Schemas) -> list[Schema]:
    if route.query is NoQuery:
        return []
    whole = schemas.resolved(route.query)
    return [
        {"name": name, "in": "query", "required": name in whole["required"]} | _parameter(schema)
        for name, schema in whole["properties"].items()
    ]


def _parameter(schema: Schema) -> Schema:
    """A query parameter's schema and description; in a URL, null can only mean left out."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    plain = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(options) == 1:
        plain = options[0] | plain
    elif options:
        plain["anyOf"] = options
    if "default" in plain and plain["default"] is None:
        del plain["default"]
    described = {"description": plain.pop("description")} if "description" in plain else {}
    return {**described, "schema": plain}


def _body(body: Any, media: str, schemas: Schemas) -> Schema:
    if media != NDJSON:
        return {"schema": schemas.of(body)}
    [events] = schemas.resolved(body)["properties"].values()
    described = f"One JSON object a line, at most {events['maxItems']:,} lines; each line:"
    return {"schema": {"description": described, **events["items"]}}


def _answer(route: Route, status: int, answer: Any, schemas: Schemas) -> Schema:
    schema = schemas.of(answer)
    media = JSON
    if schema.get("type") == "string":  # ready text says what it is, or is plain
        media = schema.get("contentMediaType", TEXT)
    limits = RATE_LIMITS if ADMISSIONS[route.access].limited else ()
    age = ("Age",) if route.cached else ()
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(["X-Request-Id", *limits, *age]),
        "content": {media: {"schema": schema}},
    }


def _failure(error: type[MeterhouseError], schemas: Schemas) -> Schema:
    meaning = cleandoc(error.__doc__ or "").partition("\n\n")[0]
    return {
        "description": f"{error.status} `{error.code}`: {meaning}",
        "headers": _headers(["X-Request-Id", *FAILURE_HEADERS.get(error.status, ())]),
        "content": {JSON: {"schema": schemas.of(ErrorBody)}},
    }


def _headers(names: Sequence[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
