"""Hostile input gets its clear 4xx: never a 5xx, never a stack trace, never a lost service."""

import gzip
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ..conftest import Service
from .test_batch import BATCH
from .test_tracking import AI, BODIES, CREDITS, ENGAGE, FEEDBACK, PERFORM, RESELL, SELL, UPDATE

JSON = {"Content-Type": "application/json"}
POSTED = [*BODIES, BATCH, FEEDBACK + "r1"]


async def refused(service: Service, path: str, status: int, **options: Any) -> dict[str, Any]:
    """The body of a call that has to be refused with that status, in the one shape."""
    response = await service.user().raw("POST", path, **options)
    answer: dict[str, Any] = await response.json()
    assert response.status == status, answer
    assert set(answer) <= {"error", "message", "details", "traceId"}
    assert "Traceback" not in await response.text()
    assert answer["traceId"] == response.headers["X-Request-Id"]
    return answer


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b'"text"',
        b"[]",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"\x00": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"requestId": "\\ud800", "event": "\\udfff"}',
    ],
)
async def test_what_is_no_event(service: Service, path: str, raw: bytes) -> None:
    answer = await refused(service, path, 400, data=raw, headers=JSON)
    assert answer["error"] == "validation_error"
    assert answer["details"]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "value", [None, True, 7, -1, 1.5, "x" * 200_000, [], {}, [[]], {"$gt": ""}]
)
async def test_every_required_field_of_a_wrong_type_is_named(
    service: Service, path: str, value: object
) -> None:
    for name, good in BODIES[path].items():
        if isinstance(value, int | float) and isinstance(good, int | float):
            continue
        if isinstance(value, str) and isinstance(good, str) and len(value) < 100:
            continue
        body = {**BODIES[path], name: value}
        answer = await refused(service, path, 400, json=body)
        assert answer["details"][0]["path"] == name


@pytest.mark.parametrize("path", BODIES)
async def test_a_field_that_nobody_knows_is_named(service: Service, path: str) -> None:
    answer = await refused(service, path, 400, json={**BODIES[path], "colour": 1})
    assert answer["details"] == [{"path": "colour", "problem": "unknown field"}]
    for name in ("revision", "origin", "revenue", "ipAddress", "costSource", "kind"):
        await refused(service, path, 400, json={**BODIES[path], name: 1})


async def test_a_huge_body_is_too_large(service: Service) -> None:
    big = b'{"a": "' + b"x" * (1024 * 1024) + b'"}'
    answer = await refused(service, AI, 413, data=BytesIO(big), headers=JSON)
    assert answer["error"] == "payload_too_large"
    huge = b'{"events": [' + b" " * (16 * 1024 * 1024) + b"]}"
    await refused(service, BATCH, 413, data=BytesIO(huge), headers=JSON)


async def test_a_body_of_unknown_length_is_counted_as_it_comes(service: Service) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    await refused(service, AI, 413, data=endless(), headers=JSON)


async def test_a_small_body_that_unpacks_to_a_huge_one_is_too_large(service: Service) -> None:
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)
    headers = {**JSON, "Content-Encoding": "gzip"}
    await refused(service, AI, 413, data=bomb, headers=headers)


async def test_a_compressed_body_is_read(service: Service) -> None:
    body = gzip.compress(b'{"requestId": "r1", "model": "m"}')
    response = await service.user().raw(
        "POST", AI, data=body, headers={**JSON, "Content-Encoding": "gzip"}
    )
    assert response.status == 201


async def test_a_body_that_is_not_compressed_as_it_says(service: Service) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    response = await service.user().raw("POST", AI, data=b"no gzip at all", headers=headers)
    assert response.status == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_a_body_of_another_type(service: Service, kind: str) -> None:
    answer = await refused(service, AI, 415, data=b"{}", headers={"Content-Type": kind})
    assert answer["error"] == "unsupported_media_type"
    assert "application/json" in answer["message"]


async def test_what_looks_like_an_operator_is_only_data(service: Service) -> None:
    body = {
        **BODIES[ENGAGE],
        "event": "$where",
        "properties": {"$gt": "", "a.b": {"$ne": None}, "": 1},
        "eventId": '{"$ne": null}',
    }
    assert (await service.user()("POST", ENGAGE, body))[0] == 201
    assert (await service.user()("PUT", UPDATE + '{"$ne":null}', {"status": "failed"}))[0] == 404
    assert (await service.user()("PUT", RESELL + "' OR 1=1 --", {"status": "failed"}))[0] == 404


@pytest.mark.parametrize("query", ["colour=red", "$where=1", "a=1&a=2"])
async def test_a_query_parameter_that_nobody_knows_is_named(service: Service, query: str) -> None:
    answer = await refused(service, f"{AI}?{query}", 400, json=BODIES[AI])
    assert answer["details"][0]["path"] == query.split("=", maxsplit=1)[0]


async def test_an_address_that_nobody_knows(service: Service) -> None:
    answer = await refused(service, "/api/nothing/here", 404, json={})
    assert answer["error"] == "not_found"
    response = await service.user().raw("GET", AI)
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert (await response.json())["error"] == "method_not_allowed"
    response = await service.nobody().raw("POST", "/-/healthy")
    assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
    for method in ("GET", "PUT", "DELETE"):
        answer = await service.nobody()(method, "/")
        assert (answer[0], answer[1]["error"]) == (404, "not_found")


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from([AI, ENGAGE, SELL, PERFORM, CREDITS]),
    changes=st.dictionaries(
        st.sampled_from(
            [
                "requestId",
                "model",
                "tokens",
                "cost",
                "status",
                "error",
                "routing",
                "metadata",
                "createdAt",
                "event",
                "sessionId",
                "value",
                "properties",
                "transactionId",
                "amount",
                "currency",
                "subscription",
                "refund",
                "service",
                "endpoint",
                "method",
                "statusCode",
                "responseTime",
                "system",
                "database",
                "cache",
                "featureName",
                "creditsUsed",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        max_size=4,
    ),
)
async def test_no_body_is_an_error_of_ours(
    service: Service, path: str, changes: dict[str, Any]
) -> None:
    body = {**BODIES[path], **changes}
    try:
        response = await service.user().raw("POST", path, json=body)
    except (UnicodeEncodeError, ValueError):
        return  # the client itself cannot send it
    assert response.status in {200, 201, 400, 409}, await response.text()
