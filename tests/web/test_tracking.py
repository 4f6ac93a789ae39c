"""Every tracking call of the contract, through HTTP: its answers, its errors, what is counted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.clock import rfc3339, to_milliseconds
from exporter.metrics import catalogue
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, PERFORMANCE, SALE

from ..conftest import NOW, Service

AI = "/api/ai-tracking/track"
UPDATE = "/api/ai-tracking/update/"
FEEDBACK = "/api/ai-tracking/feedback/"
ENGAGE = "/api/analytics/engagement/track"
SELL = "/api/analytics/sales/track"
RESELL = "/api/analytics/sales/update/"
PERFORM = "/api/performance/track"
CREDITS = "/api/credits/track"

BODIES: dict[str, dict[str, Any]] = {
    AI: {"requestId": "r1", "model": "gpt-4o"},
    ENGAGE: {"event": "page_view", "sessionId": "s1"},
    SELL: {"transactionId": "t1", "type": "purchase", "amount": 10.5, "status": "completed"},
    PERFORM: {
        "service": "shop",
        "endpoint": "/users/42",
        "method": "GET",
        "statusCode": 200,
        "responseTime": 12.5,
    },
    CREDITS: {"featureName": "summary", "creditsUsed": 3},
}


async def events(service: Service, family: str, outcome: str) -> float:
    """How many events of a family had that outcome."""
    return service.metrics.value(catalogue.EVENTS, (family, outcome)) or 0.0


async def test_an_ai_request_is_kept_and_counted(service: Service) -> None:
    body = {
        "requestId": "r1",
        "model": "gpt-4o",
        "provider": "openai",
        "prompt": "Why?",
        "feature": "chat",
        "complexity": "simple",
        "language": "en",
        "sessionId": "s1",
        "teamId": "t1",
        "projectId": "p1",
        "status": "completed",
        "response": "Because.",
        "tokens": {"input": 1000, "output": 100},
        "cost": 0.25,
        "durationMs": 1500,
        "queueTimeMs": 20,
        "routing": {
            "wasRouted": True,
            "confidence": 0.9,
            "baselineModel": "gpt-4",
            "baselineCost": 0.75,
        },
        "metadata": {"anything": ["goes", {"here": None}]},
        "createdAt": rfc3339(NOW),
    }
    status, answer = await service.user(plan="pro")("POST", AI, body)
    assert (status, answer) == (201, {"requestId": "r1", "status": "completed"})
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert (kept.user_id, kept.user_plan, kept.tenant_id) == ("ada", "pro", "default")
    assert kept.metadata == body["metadata"]
    assert kept.created_at == NOW
    assert kept.cost_source == "reported"
    value = service.metrics.value
    assert value(catalogue.AI_REQUESTS, ("gpt-4o", "completed", "chat", "pro")) == 1
    assert value(catalogue.AI_REQUESTS_STARTED, ("gpt-4o", "chat", "pro")) == 1
    assert value(catalogue.AI_REQUEST_TOKENS, ("gpt-4o", "input", "pro")) == 1000
    assert value(catalogue.AI_REQUEST_TOKENS, ("gpt-4o", "output", "pro")) == 100
    assert value(catalogue.AI_REQUEST_COST, ("gpt-4o", "pro")) == 0.25
    assert value(catalogue.AI_ROUTER_REQUESTS, ("gpt-4o", "gpt-4")) == 1
    assert value(catalogue.AI_ROUTER_SAVINGS, ("gpt-4o", "gpt-4")) == 0.5
    assert await events(service, "ai_request", "stored") == 1


async def test_a_request_that_was_routed_at_a_loss_says_so(service: Service) -> None:
    body = {
        **BODIES[AI],
        "status": "completed",
        "cost": 0.75,
        "routing": {"wasRouted": True, "baselineModel": "small", "baselineCost": 0.25},
    }
    assert (await service.user()("POST", AI, body))[0] == 201
    assert service.metrics.value(catalogue.AI_ROUTER_LOSSES, ("gpt-4o", "small")) == 0.5


@pytest.mark.parametrize(
    ("model", "provider", "cost"),
    [
        ("gpt-4o", "openai", 0.0035),
        ("gpt-4o", "a provider the list does not know", 0.0035),
        ("gpt-4o", None, 0.0035),
        ("a model the list does not know", None, None),
    ],
)
async def test_a_missing_cost_is_estimated(
    service: Service, model: str, provider: str | None, cost: float | None
) -> None:
    body = {
        "requestId": "r1",
        "model": model,
        "tokens": {"input": 1000, "output": 100},
        "status": "completed",
    }
    if provider:
        body["provider"] = provider
    assert (await service.user()("POST", AI, body))[0] == 201
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert kept.cost == (None if cost is None else pytest.approx(cost))
    assert kept.cost_source == (None if cost is None else "estimated")
    unpriced = service.metrics.value(catalogue.AI_REQUEST_UNPRICED_TOKENS, (model,))
    assert unpriced == (1100 if cost is None else None)


async def test_a_price_that_depends_on_the_size_is_looked_up_by_size(service: Service) -> None:
    costs = []
    for tokens in (100_000, 300_000):
        body = {
            "requestId": f"r{tokens}",
            "model": "claude-sonnet-4-5",
            "tokens": {"input": tokens},
            "status": "completed",
        }
        assert (await service.user()("POST", AI, body))[0] == 201
        kept = await service.store.get(AI_REQUEST, "default", f"r{tokens}")
        assert kept is not None
        costs.append(kept.cost)
    assert costs == [pytest.approx(0.3), pytest.approx(1.8)]


async def test_the_same_request_twice_is_a_conflict_and_counts_once(service: Service) -> None:
    user = service.user()
    assert (await user("POST", AI, BODIES[AI]))[0] == 201
    status, answer = await user("POST", AI, BODIES[AI])
    assert (status, answer["error"]) == (409, "conflict")
    assert service.metrics.value(catalogue.AI_REQUESTS_STARTED, ("gpt-4o", "", "free")) == 1
    assert await events(service, "ai_request", "duplicate") == 1


async def test_a_request_goes_on_and_ends_once(service: Service) -> None:
    user = service.user()
    await user("POST", AI, {**BODIES[AI], "feature": "chat"})
    service.clock.advance(seconds=2)
    assert await user("PUT", UPDATE + "r1", {"status": "processing"}) == (
        200,
        {"requestId": "r1", "status": "processing"},
    )
    ending = {
        "status": "completed",
        "tokens": {"input": 1000, "output": 100},
        "durationMs": 2000,
        "response": "Because.",
    }
    for _ in range(2):
        assert await user("PUT", UPDATE + "r1", ending) == (
            200,
            {"requestId": "r1", "status": "completed"},
        )
    status, answer = await user("PUT", UPDATE + "r1", {"status": "failed"})
    assert (status, answer["error"]) == (409, "conflict")
    assert "completed" in answer["message"]
    labels = ("gpt-4o", "completed", "chat", "free")
    assert service.metrics.value(catalogue.AI_REQUESTS, labels) == 1
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert kept.cost == pytest.approx(0.0035)
    assert kept.ended_at == NOW + timedelta(seconds=2)


async def test_tokens_that_come_later_change_an_estimated_cost_only(service: Service) -> None:
    user = service.user()
    tokens = {"tokens": {"input": 1000, "output": 100}}
    await user("POST", AI, {"requestId": "estimated", "model": "gpt-4o", **tokens})
    await user("POST", AI, {"requestId": "reported", "model": "gpt-4o", "cost": 7, **tokens})
    more = {"status": "completed", "tokens": {"input": 2000, "output": 200}}
    await user("PUT", UPDATE + "estimated", more)
    await user("PUT", UPDATE + "reported", more)
    estimated = await service.store.get(AI_REQUEST, "default", "estimated")
    reported = await service.store.get(AI_REQUEST, "default", "reported")
    assert estimated is not None
    assert reported is not None
    assert (estimated.cost, estimated.cost_source) == (pytest.approx(0.007), "estimated")
    assert (reported.cost, reported.cost_source) == (7, "reported")


async def test_a_rating_counts_once_and_the_last_one_stays(service: Service) -> None:
    user = service.user()
    await user("POST", AI, BODIES[AI])
    assert await user("POST", FEEDBACK + "r1", {"rating": 2, "comment": "meh"}) == (
        200,
        {"requestId": "r1", "rating": 2},
    )
    assert (await user("POST", FEEDBACK + "r1", {"rating": 5}))[0] == 200
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert (kept.rating, kept.rating_comment) == (5, None)
    assert service.metrics.value(catalogue.AI_REQUEST_RATING, ("gpt-4o", "")) == 1


@pytest.mark.parametrize("rating", [0, 6, 3.5, "5", None])
async def test_a_rating_is_a_whole_number_from_1_to_5(service: Service, rating: object) -> None:
    user = service.user()
    await user("POST", AI, BODIES[AI])
    status, answer = await user("POST", FEEDBACK + "r1", {"rating": rating})
    assert (status, answer["error"]) == (400, "validation_error")
    assert [problem["path"] for problem in answer["details"]] == ["rating"]


async def test_an_engagement_event_is_kept_and_counted_once(service: Service) -> None:
    body = {
        "event": "page_view",
        "sessionId": "s1",
        "page": "/pricing",
        "feature": "pricing",
        "value": -2.5,
        "properties": {"a": 1},
        "metadata": {
            "timeOnPage": 12.5,
            "scrollDepth": 80,
            "clicks": 3,
            "formInteractions": 1,
            "screenResolution": "1920x1080",
            "referrer": "https://example.org/",
            "utmSource": "news",
            "utmMedium": "mail",
            "utmCampaign": "spring",
            "country": "DE",
            "city": "Bonn",
        },
        "eventId": "e1",
        "timestamp": rfc3339(NOW),
    }
    phone = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
    )
    user = service.user()
    first = await user("POST", ENGAGE, body, headers={"User-Agent": phone})
    again = await user("POST", ENGAGE, body, headers={"User-Agent": phone})
    assert first == (201, {"eventId": "e1"})
    assert again == (200, {"eventId": "e1", "duplicate": True})
    kept = await service.store.get(ENGAGEMENT, "default", "e1")
    assert kept is not None
    assert kept.origin.device_type == "mobile"
    assert (kept.origin.browser, kept.origin.os) == ("Mobile Safari", "iOS")
    assert kept.origin.ip_address == "127.0.0.1"
    labels = ("page_view", "pricing", "free", "mobile")
    assert service.metrics.value(catalogue.USER_ENGAGEMENT_EVENTS, labels) == 1
    assert await events(service, "engagement", "duplicate") == 1


async def test_an_event_without_an_id_is_given_one(service: Service) -> None:
    user = service.user()
    ids = set()
    for _ in range(2):
        status, answer = await user("POST", ENGAGE, BODIES[ENGAGE])
        assert status == 201
        ids.add(answer["eventId"])
    assert len(ids) == 2


async def test_a_sale_is_kept_to_the_cent(service: Service) -> None:
    body = {
        "transactionId": "t1",
        "type": "subscription",
        "amount": 19.99,
        "currency": "EUR",
        "status": "pending",
        "paymentMethod": "card",
        "plan": "pro",
        "subscription": {
            "startDate": "2026-03-01",
            "endDate": "2026-04-01",
            "interval": "monthly",
            "autoRenew": True,
        },
        "metadata": {"invoice": 7},
    }
    user = service.user()
    value = service.metrics.value
    assert await user("POST", SELL, body) == (201, {"transactionId": "t1", "status": "pending"})
    assert value(catalogue.SALES_REVENUE, ("subscription", "pro", "EUR")) is None
    assert await user("PUT", RESELL + "t1", {"status": "completed"}) == (
        200,
        {"transactionId": "t1", "status": "completed"},
    )
    assert value(catalogue.SALES_REVENUE, ("subscription", "pro", "EUR")) == 19.99
    refund = {"status": "refunded", "refund": {"amount": 5.01, "reason": "late"}}
    for _ in range(2):
        assert (await user("PUT", RESELL + "t1", refund))[0] == 200
    assert value(catalogue.SALES_REFUNDS, ("pro", "EUR")) == 5.01
    for status in ("pending", "completed", "refunded"):
        labels = ("subscription", status, "pro", "card")
        assert value(catalogue.SALES_TRANSACTIONS, labels) == 1
    kept = await service.store.get(SALE, "default", "t1")
    assert kept is not None
    assert (kept.revenue, kept.refunds) == (Decimal("19.99"), Decimal("5.01"))


async def test_the_same_sale_twice_is_a_conflict(service: Service) -> None:
    user = service.user()
    assert (await user("POST", SELL, BODIES[SELL]))[0] == 201
    status, answer = await user("POST", SELL, BODIES[SELL])
    assert (status, answer["error"]) == (409, "conflict")
    assert service.metrics.value(catalogue.SALES_REVENUE, ("purchase", "", "USD")) == 10.5


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (["completed"], "pending"),
        (["completed"], "failed"),
        (["completed"], "cancelled"),
        (["cancelled"], "completed"),
        (["completed", "refunded"], "completed"),
        (["failed"], "refunded"),
        ([], "refunded"),
    ],
)
async def test_a_step_that_money_cannot_take_is_a_conflict(
    service: Service, path: list[str], to: str
) -> None:
    user = service.user()
    await user("POST", SELL, {**BODIES[SELL], "status": "pending"})
    for status in path:
        assert (await user("PUT", RESELL + "t1", {"status": status}))[0] == 200
    status, answer = await user("PUT", RESELL + "t1", {"status": to})
    assert (status, answer["error"]) == (409, "conflict")


async def test_a_failed_payment_may_succeed_after_all(service: Service) -> None:
    user = service.user()
    await user("POST", SELL, {**BODIES[SELL], "status": "failed"})
    assert (await user("PUT", RESELL + "t1", {"status": "completed"}))[0] == 200
    assert service.metrics.value(catalogue.SALES_REVENUE, ("purchase", "", "USD")) == 10.5


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"currency": "usd"}, "currency"),
        ({"currency": "ABC"}, "currency"),
        ({"amount": -1}, "amount"),
        ({"amount": "10"}, "amount"),
        ({"type": "gift"}, "type"),
        ({"refund": {"amount": 1}}, "refund"),
        ({"status": "refunded", "refund": {"amount": 11}}, "refund.amount"),
        (
            {"subscription": {"startDate": "2026-02-01", "endDate": "2026-01-01"}},
            "subscription.endDate",
        ),
        ({"subscription": {"interval": "sometimes"}}, "subscription.interval"),
    ],
)
async def test_what_is_wrong_with_a_sale_is_named(
    service: Service, change: dict[str, Any], path: str
) -> None:
    status, answer = await service.user()("POST", SELL, {**BODIES[SELL], **change})
    assert (status, answer["error"]) == (400, "validation_error")
    assert [problem["path"] for problem in answer["details"]] == [path]
    assert await events(service, "sale", "invalid") == 1


async def test_more_than_was_paid_cannot_be_refunded(service: Service) -> None:
    user = service.user()
    await user("POST", SELL, BODIES[SELL])
    refund = {"status": "refunded", "refund": {"amount": 11}}
    status, answer = await user("PUT", RESELL + "t1", refund)
    assert (status, [p["path"] for p in answer["details"]]) == (400, ["refund.amount"])


async def test_a_refund_happens_once_with_one_amount(service: Service) -> None:
    user = service.user()
    await user("POST", SELL, BODIES[SELL])
    assert (await user("PUT", RESELL + "t1", {"status": "refunded"}))[0] == 200
    assert service.metrics.value(catalogue.SALES_REFUNDS, ("", "USD")) == 10.5
    assert (await user("PUT", RESELL + "t1", {"status": "refunded"}))[0] == 200
    other = {"status": "refunded", "refund": {"amount": 3}}
    assert (await user("PUT", RESELL + "t1", other))[0] == 409
    assert service.metrics.value(catalogue.SALES_REFUNDS, ("", "USD")) == 10.5


async def test_a_subscription_may_change_without_a_step(service: Service) -> None:
    user = service.user()
    await user("POST", SELL, {**BODIES[SELL], "type": "subscription"})
    change = {"status": "completed", "subscription": {"autoRenew": False}}
    assert (await user("PUT", RESELL + "t1", change))[0] == 200
    kept = await service.store.get(SALE, "default", "t1")
    assert kept is not None
    assert kept.subscription is not None
    assert kept.subscription.auto_renew is False
    labels = ("subscription", "completed", "", "")
    assert service.metrics.value(catalogue.SALES_TRANSACTIONS, labels) == 1


async def test_a_refund_transaction_is_money_back(service: Service) -> None:
    await service.user()("POST", SELL, {**BODIES[SELL], "type": "refund"})
    assert service.metrics.value(catalogue.SALES_REFUNDS, ("", "USD")) == 10.5
    assert service.metrics.value(catalogue.SALES_REVENUE, ("refund", "", "USD")) is None


async def test_a_performance_event_speaks_for_its_service(service: Service) -> None:
    body = {
        **BODIES[PERFORM],
        "requestSize": 10,
        "responseSize": 20,
        "error": "none",
        "requestId": "q1",
        "system": {
            "cpu": {"usage": 12.5, "load": [0.5, 0.25, 0.125]},
            "memory": {"used": 1, "total": 2, "percentage": 50},
            "disk": {"used": 1, "total": 4, "percentage": 25},
            "network": {"bytesIn": 100, "bytesOut": 200, "connections": 3},
        },
        "database": {
            "queryTime": 4,
            "queryCount": 2,
            "connectionPool": {"active": 1, "idle": 2, "total": 3},
        },
        "cache": {"hits": 9, "misses": 1, "hitRate": 90, "type": "redis"},
    }
    status, answer = await service.service()("POST", PERFORM, body)
    assert status == 201
    kept = await service.store.get(PERFORMANCE, "default", answer["metricId"])
    assert kept is not None
    assert kept.endpoint == "/users/:id"
    value = service.metrics.value
    assert value(catalogue.HTTP_REQUESTS, ("shop", "/users/:id", "GET", "200")) == 1
    assert value(catalogue.SYSTEM_CPU_USAGE, ("shop",)) == 12.5
    assert value(catalogue.SYSTEM_LOAD_AVERAGE, ("shop", "15m")) == 0.125
    assert value(catalogue.SYSTEM_MEMORY_USAGE, ("shop",)) == 50
    assert value(catalogue.SYSTEM_DISK_USAGE, ("shop",)) == 25
    assert value(catalogue.SYSTEM_NETWORK_BYTES, ("shop", "out")) == 200
    assert value(catalogue.DATABASE_CONNECTION_POOL, ("shop", "idle")) == 2
    assert value(catalogue.CACHE_HIT_RATE, ("shop", "redis")) == 90


async def test_a_single_load_is_that_of_a_minute(service: Service) -> None:
    body = {**BODIES[PERFORM], "system": {"cpu": {"load": 1.5}, "memory": {}}, "database": {}}
    assert (await service.service()("POST", PERFORM, body))[0] == 201
    assert service.metrics.value(catalogue.SYSTEM_LOAD_AVERAGE, ("shop", "1m")) == 1.5
    assert service.metrics.value(catalogue.SYSTEM_LOAD_AVERAGE, ("shop", "5m")) is None


async def test_nobody_speaks_in_the_name_of_the_service_itself(service: Service) -> None:
    body = {**BODIES[PERFORM], "service": "exporter"}
    status, answer = await service.service()("POST", PERFORM, body)
    assert (status, [p["path"] for p in answer["details"]]) == (400, ["service"])


async def test_credits_are_counted(service: Service) -> None:
    body = {**BODIES[CREDITS], "costUsd": 0.5, "metadata": {"a": 1}, "usageId": "u1"}
    assert await service.user()("POST", CREDITS, body) == (201, {"usageId": "u1"})
    assert (await service.user()("POST", CREDITS, body))[0] == 200
    kept = await service.store.get(CREDIT, "default", "u1")
    assert kept is not None
    assert kept.user_id == "ada"
    assert service.metrics.value(catalogue.CREDITS_USED, ("summary",)) == 3
    assert service.metrics.value(catalogue.CREDITS_COST, ("summary",)) == 0.5


@pytest.mark.parametrize("path", BODIES)
async def test_every_event_may_be_sent_for_a_user_by_a_service(service: Service, path: str) -> None:
    past = rfc3339(NOW - timedelta(days=2, hours=1))
    body = {**BODIES[path], "userId": "bob", "userPlan": "team", "tenantId": "other"}
    body["createdAt" if path in (AI, SELL, CREDITS) else "timestamp"] = past
    assert (await service.service()("POST", path, body))[0] == 201


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("field", "value"), [("userId", "bob"), ("userPlan", "team"), ("tenantId", "other")]
)
async def test_a_user_speaks_only_for_themselves(
    service: Service, path: str, field: str, value: str
) -> None:
    status, answer = await service.user()("POST", path, {**BODIES[path], field: value})
    assert (status, answer["error"]) == (403, "forbidden")
    assert [problem["path"] for problem in answer["details"]] == [field]
    own = {"userId": "ada", "userPlan": "free", "tenantId": "default"}
    assert (await service.user()("POST", path, {**BODIES[path], **own}))[0] == 201


async def test_a_bound_key_stays_in_its_tenant(service: Service) -> None:
    key = service.service("bound-key")
    body = BODIES[AI]
    assert (await key("POST", AI, {**body, "tenantId": "other"}))[0] == 403
    assert (await key("POST", AI, {**body, "tenantId": "acme"}))[0] == 201
    assert (await key("POST", AI, {**body, "requestId": "r2"}))[0] == 201
    assert await service.store.get(AI_REQUEST, "acme", "r2") is not None


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(minutes=-6), 400),
        (timedelta(minutes=-4), 201),
        (timedelta(minutes=4), 201),
        (timedelta(minutes=6), 400),
    ],
)
async def test_a_users_clock_may_be_off_by_five_minutes(
    service: Service, path: str, age: timedelta, status: int
) -> None:
    field = "createdAt" if path in (AI, SELL, CREDITS) else "timestamp"
    body = {**BODIES[path], field: rfc3339(NOW - age)}
    got, answer = await service.user()("POST", path, body)
    assert got == status
    if status == 400:
        assert [problem["path"] for problem in answer["details"]] == [field]


@pytest.mark.parametrize(
    ("path", "days"), [(AI, 90), (ENGAGE, 90), (SELL, 365), (PERFORM, 30), (CREDITS, 90)]
)
async def test_what_is_older_than_its_retention_is_refused(
    service: Service, path: str, days: int
) -> None:
    field = "createdAt" if path in (AI, SELL, CREDITS) else "timestamp"
    key = service.service()
    edge = NOW - timedelta(days=days)
    assert (await key("POST", path, {**BODIES[path], field: rfc3339(edge)}))[0] == 400
    inside = rfc3339(edge + timedelta(seconds=1))
    assert (await key("POST", path, {**BODIES[path], field: inside}))[0] == 201


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-03-15", "x" * 10_000]
)
async def test_wild_times_are_no_error_of_ours(service: Service, time: str) -> None:
    status, _ = await service.service()("POST", AI, {**BODIES[AI], "createdAt": time})
    assert status == (201 if time == "2026-03-15" else 400)


async def test_times_are_kept_to_the_millisecond_in_utc(service: Service) -> None:
    body = {**BODIES[AI], "createdAt": "2026-03-15T13:00:00.123456+01:00"}
    assert (await service.service()("POST", AI, body))[0] == 201
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert kept.created_at == to_milliseconds(NOW + timedelta(microseconds=123456))


FOREIGN = [
    ("PUT", UPDATE + "r1", {"status": "completed"}),
    ("POST", FEEDBACK + "r1", {"rating": 5}),
    ("PUT", RESELL + "t1", {"status": "refunded"}),
]


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN)
async def test_what_is_not_yours_is_not_found(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    await service.user("ada")("POST", AI, BODIES[AI])
    await service.user("ada")("POST", SELL, BODIES[SELL])
    for stranger in (
        service.user("bob"),
        service.admin(),
        service.user("ada", tenant="other"),
        service.service("bound-key"),
    ):
        status, answer = await stranger(method, path, body)
        assert (status, answer["error"]) == (404, "not_found")
    unknown = path[:-2] + "nobody's"
    status, theirs = await service.user("ada")(method, unknown, body)
    assert (status, theirs["message"]) == (404, answer["message"])
    assert (await service.user("ada")(method, path, body))[0] == 200


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN)
async def test_a_service_changes_what_is_its_tenants(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    key = service.service()
    await key("POST", AI, {**BODIES[AI], "tenantId": "other", "userId": "bob"})
    await key("POST", SELL, {**BODIES[SELL], "tenantId": "other", "userId": "bob"})
    assert (await key(method, path, body))[0] == 404
    assert (await key(method, path, {**body, "tenantId": "other", "userId": "eve"}))[0] == 404
    assert (await key(method, path, {**body, "tenantId": "other", "userId": "bob"}))[0] == 200


async def test_a_user_cannot_change_in_anothers_name(service: Service) -> None:
    status, answer = await service.user()("PUT", UPDATE + "r1", {"status": "failed", "userId": "b"})
    assert (status, [p["path"] for p in answer["details"]]) == (403, ["userId"])
