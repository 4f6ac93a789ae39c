"""Every problem of an input is found, and named by its field."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.alerts.webhook import Notification
from exporter.clock import epoch_ms, from_epoch_ms
from exporter.errors import Invalid
from exporter.fields import Moment
from exporter.records import AI_REQUEST, ENGAGEMENT, PERFORMANCE, SALE
from exporter.validation import BodyDecoder, read_query

AI = BodyDecoder(AI_REQUEST.body)
SALES = BodyDecoder(SALE.body)
EVENTS = BodyDecoder(ENGAGEMENT.body)


def problems(decoder: BodyDecoder[Any], raw: bytes | dict[str, Any]) -> dict[str, str]:
    """What a decoder says is wrong, by path."""
    with pytest.raises(Invalid) as caught:
        decoder.decode(raw if isinstance(raw, bytes) else msgspec.json.encode(raw))
    return {problem.path: problem.problem for problem in caught.value.details}


def test_all_problems_are_named_not_only_the_first() -> None:
    found = problems(
        AI,
        {
            "model": 7,
            "colour": "red",
            "tokens": {"input": -1, "output": "many", "total": 3},
            "complexity": "hard",
            "createdAt": "yesterday",
            "routing": {"confidence": 2},
        },
    )
    assert found == {
        "requestId": "required",
        "model": "Expected `str`, got `int`",
        "colour": "unknown field",
        "tokens.input": "Expected `int` >= 0",
        "tokens.output": "Expected `int`, got `str`",
        "tokens.total": "unknown field",
        "complexity": "Invalid enum value 'hard'",
        "createdAt": "Invalid RFC3339 encoded datetime",
        "routing.confidence": "Expected `float` <= 1.0",
    }


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"requestId": NaN}', "not valid JSON"),
        (b'{"requestId": "\xff"}', "not valid UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (b'"text"', "Expected `object`, got `str`"),
        (b"true", "Expected `object`, got `bool`"),
        (b"7", "Expected `object`, got `int`"),
        (b"7.5", "Expected `object`, got `float`"),
    ],
)
def test_what_is_no_object_at_all(raw: bytes, says: str) -> None:
    assert says in problems(AI, raw)[""]


def test_a_bare_date_is_midnight_utc() -> None:
    body = AI.decode(b'{"requestId": "a", "model": "m", "createdAt": "2026-01-31"}')
    assert body.created_at == datetime(2026, 1, 31, tzinfo=UTC)
    sale = SALES.decode(
        b'{"transactionId": "a", "type": "subscription", "amount": 1.10, "status": "completed",'
        b'"subscription": {"startDate": "2026-01-31", "endDate": "2026-02-28T00:00:00Z"}}'
    )
    assert sale.subscription is not None
    assert sale.subscription.start_date == datetime(2026, 1, 31, tzinfo=UTC)
    assert sale.amount == Decimal("1.10")


def test_a_time_without_a_zone_is_refused() -> None:
    found = problems(AI, {"requestId": "a", "model": "m", "createdAt": "2026-01-31T08:00:00"})
    assert list(found) == ["createdAt"]


@pytest.mark.parametrize("amount", ["12", True, -1, 1e13, 0.1234567, 123456789012.12345, None, []])
def test_an_amount_is_a_number_that_a_double_carries(amount: object) -> None:
    found = problems(
        SALES,
        {"transactionId": "a", "type": "purchase", "status": "completed", "amount": amount},
    )
    assert list(found) == ["amount"]


@pytest.mark.parametrize("raw", [b"1e400", b"1e999999"])
def test_an_amount_beyond_all_bounds_is_refused(raw: bytes) -> None:
    body = b'{"transactionId": "a", "type": "purchase", "status": "completed", "amount": %b}'
    assert problems(SALES, body % raw)


@given(st.integers(0, 10**9), st.integers(0, 6))
def test_amounts_are_exact(units: int, decimals: int) -> None:
    amount = Decimal(units).scaleb(-decimals)
    body = SALES.decode(
        b'{"transactionId": "a", "type": "purchase", "status": "completed", "amount": %b}'
        % format(amount, "f").encode()
    )
    assert body.amount == amount


@pytest.mark.parametrize(
    ("value", "path", "says"),
    [
        ({"a": "x" * 17_000}, "properties", "at most 16384 bytes"),
        ({"a": {"b": 2**64}}, "properties.a.b", "64 bits"),
        ({"a": [1, {"k\0": 1}]}, "properties.a[1]", "NUL"),
        ([1], "properties", "Expected `object | null`, got `array`"),
    ],
)
def test_free_objects_are_bounded(value: object, path: str, says: str) -> None:
    found = problems(EVENTS, {"event": "e", "sessionId": "s", "properties": value})
    assert says in found[path]


def test_free_objects_are_bounded_in_depth() -> None:
    value: dict[str, Any] = {}
    for _ in range(40):
        value = {"a": value}
    found = problems(EVENTS, {"event": "e", "sessionId": "s", "properties": value})
    assert "32 levels" in found["properties"]


def test_free_objects_take_what_looks_like_operators() -> None:
    value = {"$where": "1 == 1", "a.b": {"$gt": ""}}
    body = EVENTS.decode(msgspec.json.encode({"event": "e", "sessionId": "s", "properties": value}))
    assert body.properties == value


@pytest.mark.parametrize("name", ["", "a\nb", "a\n", "\0", "x" * 129])
def test_identifiers_are_short_and_have_no_control_characters(name: str) -> None:
    assert list(problems(EVENTS, {"event": "e", "sessionId": name})) == ["sessionId"]


def test_a_problem_inside_a_list_is_named_by_its_place() -> None:
    found = problems(
        BodyDecoder(PERFORMANCE.body),
        {
            "service": "s",
            "endpoint": "/",
            "method": "GET",
            "statusCode": 200,
            "responseTime": 1,
            "system": {"cpu": {"load": [1, "x"]}},
        },
    )
    assert list(found) == ["system.cpu.load[1]"]


class Query(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A query of two parameters."""

    page_size: int = 10
    word: str | None = None
    since: Moment | None = None


def test_query_parameters_are_read_from_text() -> None:
    assert read_query(Query, {"pageSize": "5", "word": "7"}, set()) == Query(5, "7")
    since = read_query(Query, {"since": "2026-01-31"}, set()).since
    assert since == datetime(2026, 1, 31, tzinfo=UTC)


def test_all_problems_of_a_query_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        read_query(Query, {"pageSize": "many", "colour": "red"}, {"word"})
    assert {problem.path for problem in caught.value.details} == {"pageSize", "colour", "word"}


YEAR_10000 = "9999-12-31T23:59:59-10:00"
YEAR_0 = "0001-01-01T00:00:00+10:00"
OUT_OF_RANGE = "Expected a time that lies in the years 1 to 9999 in UTC"


def test_a_time_that_utc_does_not_have_is_refused_wherever_it_stands() -> None:
    assert problems(AI, {"requestId": "r", "model": "m", "createdAt": YEAR_0}) == {
        "createdAt": OUT_OF_RANGE
    }
    sold = {"transactionId": "t", "type": "subscription", "amount": 1, "status": "refunded"}
    terms = {"startDate": YEAR_0, "endDate": YEAR_10000, "trialEnd": "2026-01-01T00:00:00Z"}
    refund = {"processedAt": YEAR_10000}
    assert problems(SALES, {**sold, "subscription": terms, "refund": refund}) == {
        "subscription.startDate": OUT_OF_RANGE,
        "subscription.endDate": OUT_OF_RANGE,
        "refund.processedAt": OUT_OF_RANGE,
    }
    alert = {
        "status": "firing",
        "labels": {},
        "fingerprint": "f",
        "startsAt": "2026-01-01T00:00:00Z",
    }
    alerts = [{**alert, "endsAt": "0001-01-01T00:00:00Z"}, {**alert, "endsAt": YEAR_10000}]
    found = problems(BodyDecoder(Notification), {"version": "4", "alerts": alerts})
    assert found == {"alerts[1].endsAt": OUT_OF_RANGE}


@pytest.mark.parametrize("said", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"])
def test_the_first_and_the_last_time_that_utc_has_can_be_stored_and_read(said: str) -> None:
    sold = {"transactionId": "t", "type": "subscription", "amount": 1, "status": "completed"}
    body = SALES.decode(msgspec.json.encode({**sold, "subscription": {"endDate": said}}))
    assert from_epoch_ms(epoch_ms(body.subscription.end_date)) == body.subscription.end_date
