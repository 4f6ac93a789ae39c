"""Values at the ends of what a schema allows: each is stored, or refused by its name, and none
stops anybody's answers.

What one caller sends is in the sums, the rollups and the gauges of all.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count, islice
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from prometheus_client.parser import text_string_to_metric_families

from exporter import gauges
from exporter.analytics.kpis import COMPARED
from exporter.analytics.rankings import RANKINGS
from exporter.family import Family, nested_struct
from exporter.fields import Money
from exporter.records import TRACKED
from exporter.storage.kinds import FieldKind, alternatives, kind_of
from exporter.web.period import PeriodQuery
from exporter.web.route import Access, Route
from exporter.web.routes import all_routes

from .conftest import NOW, Service, Start
from .recording import rolled_up

LEAST: dict[str, dict[str, Any]] = {
    "ai_request": {"model": "m", "status": "completed"},
    "engagement": {"event": "e", "sessionId": "s"},
    "sale": {"type": "subscription", "amount": 1, "status": "completed"},
    "performance": {
        "service": "s",
        "endpoint": "/",
        "method": "GET",
        "statusCode": 200,
        "responseTime": 1,
    },
    "credit": {"featureName": "f", "creditsUsed": 1},
}
"""What has to be said of an event of each kind, beside its key."""
REFUNDED = {"status": "refunded", "amount": float(Money.LARGEST)}
"""What has to be said of a sale with a refund."""
MANY = 1_030
"""So many times the largest number of 53 bits is more than 63 bits hold."""
TEXTS = ("\0", '"\\\n\r\u2028{}', "$where", "a.b", "\U00010348" * 32, "x" * 128, "../..", " ")
TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z")
FREE = {"": None, "$set": {"a.b": [1, -(2**63)]}, "\u2028": 1e308}

_numbers = count(1)


def extremes(declared: Any) -> Iterator[Any]:
    """The values at the ends of what a field may have."""
    (part,) = alternatives(declared) or (None,)
    match kind_of(declared):
        case FieldKind.MONEY:
            yield from (0, 0.000001, float(Money.LARGEST))
        case FieldKind.MOMENT:
            yield from TIMES
        case FieldKind.MAP:
            yield FREE
        case FieldKind.FLAG:
            yield from (True, False)
        case _ if isinstance(part, inspect.LiteralType):
            yield from part.values
        case FieldKind.TEXT:
            yield from TEXTS
        case _ if isinstance(part, inspect.IntType | inspect.FloatType):
            least = (part.ge, 5e-324) if isinstance(part, inspect.FloatType) else (part.ge,)
            yield from (*least, part.le)


def settings_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Bodies with one field each, at one of its ends."""
    for part in msgspec.structs.fields(schema):
        inner = nested_struct(part.type)
        if inner is not None:
            for body in settings_of(inner):
                yield {part.encode_name: body}
        elif len(alternatives(part.type)) == 1:
            for value in extremes(part.type):
                yield {part.encode_name: value}


def events(family: Family) -> Iterator[dict[str, Any]]:
    """Events of a family, each with one field at one of its ends, and many with the largest
    numbers."""
    least = {**LEAST[family.kind], "kind": family.kind, "userId": "ada", "userPlan": "pro"}
    least[family.time_field] = (NOW - timedelta(days=2)).isoformat()
    has_key = family.key in {part.encode_name for part in msgspec.structs.fields(family.body)}
    largest: dict[str, Any] = {}
    for setting in settings_of(family.body):
        key = {family.key: f"k{next(_numbers)}"} if has_key else {}
        yield {**least, **key, **(REFUNDED if "refund" in setting else {}), **setting}
        ((name, value),) = setting.items()
        if is_number(value):
            largest[name] = value
        elif isinstance(value, dict) and all(map(is_number, value.values())):
            largest[name] = {**largest.get(name, {}), **value}
    for _ in range(MANY):
        key = {family.key: f"k{next(_numbers)}"} if has_key else {}
        refund = REFUNDED if "refund" in largest else {}
        yield {**least, **key, **largest, **refund}


def is_number(value: Any) -> bool:
    """Whether it is one, and no flag."""
    return isinstance(value, int | float) and not isinstance(value, bool)


async def post(service: Service, family: Family) -> int:
    """Post the events of a family; how many were taken. What is refused is refused by its name."""
    taken = 0
    for some in batched(events(family), 500):
        status, answer = await service.service()("POST", "/api/events/batch", {"events": some})
        assert status == 200, answer
        taken += answer["accepted"]
        for refused in answer["rejected"]:
            assert refused["error"] == "validation_error", refused
            assert all(one["path"] for one in refused["details"]), (refused, some[refused["index"]])
    return taken


def batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The values in lists of so many."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


@pytest.mark.parametrize("engine", ["sqlite", "mongodb"])
async def test_no_value_stops_answers_or_metrics(
    start: Start, engine: str, request: pytest.FixtureRequest
) -> None:
    uri = request.getfixturevalue("mongodb_uri") if engine == "mongodb" else None
    service = await start(mongodb_uri=uri)
    for family in TRACKED:
        assert await post(service, family) > MANY
    store = service.store
    for _ in range(2):
        await rolled_up(store, NOW)
        await gauges.refresh(store, service.metrics, NOW)
        await ask_for_everything(service)
    shown = await service.nobody().raw("GET", "/metrics", headers={"Accept": "text/plain"})
    assert list(text_string_to_metric_families(await shown.text()))


async def ask_for_everything(service: Service) -> None:
    """Every reading call that needs nothing but a period; none may fail."""
    admin, ada = service.admin(tenant="default"), service.user("ada", tenant="default")
    for route in all_routes():
        if route.method != "GET" or route.access not in (Access.READER, Access.ADMIN):
            continue
        path = route.path.replace("{userId}", "ada")
        if "{" in path:
            continue
        callers = [admin] if route.access is Access.ADMIN else [admin, ada]
        for caller in callers:
            for query in queries(route):
                status, answer = await caller("GET", f"{path}?{query}")
                assert status in (200, 403), (path, answer)


def queries(route: Route) -> list[str]:
    """What a route is asked with."""
    period = "period=90d&" if issubclass(route.query, PeriodQuery) else ""
    return [f"{period}{more}" for more in QUERIES.get(route.path, ("",))]


QUERIES = {
    "/api/analytics/engagement/funnel": ("steps=e,signup",),
    "/api/metrics/summary": ("groupBy=hour", "groupBy=month"),
    "/api/metrics/top-metrics": tuple(f"metric={name}" for name in RANKINGS),
    "/api/metrics/comparison": tuple(f"metric={name}" for name in COMPARED),
}
"""What calls are asked with beside a period, where that has to be said."""
