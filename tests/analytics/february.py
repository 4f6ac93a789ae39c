"""A month of a small product: February 2024, of 29 days, and what it needs from before and after.

Twelve users on three plans, in dollars and euros: who upgrades, downgrades, lapses, returns, pays
for a year, a week or a day, tries for free, gets money back; and events on the first and the last
millisecond of the month, and on those next to them. test_scenario.py works the numbers out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from exporter.fields import Money
from exporter.records.ai_request import AiRequest, Routing, Tokens
from exporter.records.credit import Credit
from exporter.records.engagement import Engagement, PageMetadata
from exporter.records.performance import Cpu, Performance, SystemState
from exporter.records.sale import Refund, Sale

from ..recording import DAY, ai_request, credit, engagement, performance, sale, subscription, utc

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FIRST = utc(2024, 2, 1)
LAST = utc(2024, 2, 29, 23, 59, 59, 999_000)
BEFORE = utc(2024, 1, 31, 23, 59, 59, 999_000)
AFTER = utc(2024, 3, 1)

PLANS = {
    **dict.fromkeys(("bob", "eve", "jan", "lea"), "basic"),
    **dict.fromkeys(("ada", "cyd", "fay", "hal", "ida"), "pro"),
    **dict.fromkeys(("dan", "gus", "kim"), "team"),
}
"""The plan that each user's events name."""


def at(month: int, day: int, *time: int) -> datetime:
    """A moment of 2024."""
    return utc(2024, month, day, *time)


def of(user: str | None, **values: Any) -> dict[str, Any]:
    """An event's fields, with its user and their plan."""
    return {"user_id": user, "user_plan": PLANS.get(user or ""), **values}


def paid(user: str, amount: str, plan: str, when: datetime, **values: Any) -> Sale:
    """A payment for a subscription, by the month unless its terms say otherwise."""
    return subscription(amount, **of(user, plan=plan, created_at=when, **values))


def sold(user: str, kind: str, amount: str, when: datetime, **values: Any) -> Sale:
    """Any other sale, of no plan."""
    return sale(amount, kind, **of(user, plan=None, created_at=when, **values))


def sales() -> Iterator[Sale]:
    """28 sales, 18 of them in February; prices of plans are 10, 30 and 90 a month, or 8 and 28."""
    euro = {"currency": "EUR"}
    given_back = Refund(processed_at=at(2, 14, 9))
    later = Refund(amount=Money("7.25"), processed_at=at(3, 2))
    # Before February. A month from 31 January is 29 February, and three days of grace come on top.
    for_ever = {"interval": "yearly", "auto_renew": False}
    yield paid("cyd", "300", "pro", utc(2023, 6, 1), terms=for_ever)
    yield paid("fay", "28", "pro", utc(2023, 11, 10), **euro)  # lapsed in December
    yield paid("dan", "90", "team", at(1, 5))  # to 8 February
    yield paid("ada", "30", "pro", at(1, 15, 10))
    yield paid("bob", "10", "basic", at(1, 20))
    yield paid("hal", "30", "pro", at(1, 25))  # to 28 February
    yield paid("jan", "8", "basic", at(1, 28), status="refunded", refund=given_back, **euro)
    yield paid("gus", "90", "team", at(1, 31))
    yield sold("lea", "purchase", "100", BEFORE)
    # In February.
    yield sold("lea", "one_time", "12.34", FIRST, **euro)
    yield paid("eve", "8", "basic", at(2, 3, 8, 10), **euro)
    yield sold("ada", "purchase", "20", at(2, 5), status="refunded", refund=later)
    yield sold("dan", "purchase", "70", at(2, 8), status="pending")
    yield sold("eve", "purchase", "9", at(2, 9), status="cancelled", **euro)
    yield paid("bob", "30", "pro", at(2, 10), kind="upgrade")
    yield sold("cyd", "debit", "1.10", at(2, 12))
    yield paid("ada", "30", "pro", at(2, 15, 10))
    yield sold("ada", "refund", "5", at(2, 16))
    yield paid("fay", "28", "pro", at(2, 20), **euro)
    yield paid("ida", "30", "pro", at(2, 20, 9), terms={"trial_end": at(3, 5)})
    yield paid("hal", "10", "basic", at(2, 25))
    yield paid("kim", "12", "team", at(2, 26), terms={"interval": "weekly"})
    yield paid("lea", "1", "basic", at(2, 28, 12), terms={"interval": "daily"}, **euro)
    yield paid("gus", "90", "team", at(2, 29, 12))
    yield sold("gus", "credit", "2.50", at(2, 29, 13))
    yield sold("kim", "purchase", "45.50", at(2, 29, 23, 50), status="failed")
    yield sold("kim", "purchase", "45.50", LAST)
    # After February.
    yield sold("lea", "purchase", "60", AFTER)


def requests() -> Iterator[AiRequest]:
    """69 AI requests, 67 of them in February: one a day at nine, from a day on."""
    routing = Routing(was_routed=True, baseline_model="gpt", baseline_cost=0.75)
    rows: tuple[tuple[str, int, int, dict[str, Any]], ...] = (
        ("ada", 1, 20, {"tokens": Tokens(100, 50), "cost": 0.25, "duration_ms": 1000.0}),
        ("bob", 3, 5, {"status": "failed", "duration_ms": 500.0}),
        (
            "cyd",
            10,
            10,
            {
                "model": "opus",
                "tokens": Tokens(200, 100),
                "cost": 0.5,
                "duration_ms": 2000.0,
                "routing": routing,
            },
        ),
        ("eve", 5, 4, {"model": "opus", "status": "cancelled"}),
        ("gus", 29, 1, {"status": "pending"}),
        ("lea", 1, 25, {"model": "mini", "tokens": Tokens(1, 1), "duration_ms": 100.0}),
    )
    for user, day, number, values in rows:
        for count in range(number):
            moment = at(2, day, 9) + count * DAY
            yield ai_request(**of(user, created_at=moment, **{"status": "completed", **values}))
    for moment in (BEFORE, FIRST, LAST, AFTER):
        yield ai_request(
            **of(
                "hal",
                created_at=moment,
                status="completed",
                tokens=Tokens(10, 10),
                cost=0.125,
                duration_ms=3000.0,
            )
        )


def did(user: str | None, event: str, moment: datetime, session: str, **values: Any) -> Engagement:
    """An engagement event."""
    return engagement(**of(user, event=event, timestamp=moment, session_id=session, **values))


def events() -> Iterator[Engagement]:
    """39 engagement events, 34 of them in February, in 18 sessionIds and 19 sessions."""
    home = {"page": "/home"}
    read = PageMetadata(time_on_page=60.0, scroll_depth=50.0)
    for day in (1, 8, 15, 22, 29):  # 20 minutes each
        came, name = at(2, day, 10), f"ada-{day}"
        docs = {"page": "/docs", "feature": "docs", "value": 1.5}
        yield did("ada", "view", came, name, metadata=read, **home)
        yield did("ada", "view", came + 10 * MINUTE, name, **docs)
        yield did("ada", "logout", came + 20 * MINUTE, name)
    for day in (2, 3, 4):
        yield did("bob", "view", at(2, day, 12), f"bob-{day}", **home)
    # signup, activate, subscribe
    yield did("eve", "signup", at(2, 3, 8), "eve")
    yield did("eve", "activate", at(2, 3, 8, 5), "eve")
    yield did("eve", "subscribe", at(2, 3, 8, 10), "eve")
    yield did("ida", "signup", at(2, 20, 9), "ida")
    yield did("ida", "activate", at(2, 20, 9, 10), "ida")
    yield did("kim", "signup", at(2, 26), "kim")
    yield did("kim", "activate", AFTER, "kim")
    yield did("lea", "signup", at(2, 29, 23, 59), "lea")
    yield did("lea", "subscribe", at(2, 29, 23, 59, 30), "lea")
    # 31 idle minutes make two sessions of one sessionId
    yield did("gus", "view", at(2, 10, 10), "gus", **home)
    yield did("gus", "view", at(2, 10, 10, 29), "gus", page="/a", feature="docs")
    yield did("gus", "view", at(2, 10, 11), "gus", **home)
    for day, words in ((20, "Invoices"), (21, " invoices ")):
        asked = {"page": "/search", "properties": {"query": words}}
        yield did("fay", "search", at(2, day, 15), f"fay-{day}", **asked)
    for moment, name in ((BEFORE, "a"), (FIRST, "a"), (LAST, "b"), (AFTER, "b")):
        yield did("hal", "view", moment, f"hal-{name}", **home)
    yield did(None, "view", at(2, 14), "nobody", **home)
    yield did("jan", "view", at(1, 28), "jan", **home)
    yield did("dan", "view", at(1, 5), "dan", **home)


def calls() -> Iterator[Performance]:
    """55 calls, 54 of them in February."""
    for day in range(1, 21):
        yield called("ada", at(2, day, 11), "/cart", 200, 100.0)
    for day in range(1, 6):
        yield called("bob", at(2, day, 11), "/pay", 500, 300.0)
    for day in range(6, 10):
        yield called("eve", at(2, day, 11), "/cart", 404, 50.0)
    busy = SystemState(cpu=Cpu(usage=40.0))
    for hour in range(24):  # of the leap day
        moment = at(2, 29, hour)
        yield called("cyd", moment, "/send", 200, 20.0, service="mail", system=busy)
    for moment in (LAST, AFTER):
        yield called("hal", moment, "/pay", 200, 1000.0)


def called(
    user: str, moment: datetime, endpoint: str, status: int, took: float, **values: Any
) -> Performance:
    """A call that a service answered."""
    return performance(
        **of(
            user,
            timestamp=moment,
            endpoint=endpoint,
            status_code=status,
            response_time=took,
            **values,
        )
    )


def credit_uses() -> Iterator[Credit]:
    """10 uses of credits, 9 of them in February."""
    for day in range(20, 26):
        yield used("fay", at(2, day, 18), "chat", 2.5, cost_usd=0.25)
    for day in range(20, 23):
        yield used("ida", at(2, day, 18), "code", 1.0)
    yield used("cyd", BEFORE, "chat", 100.0)


def used(user: str, moment: datetime, feature: str, number: float, **values: Any) -> Credit:
    """A use of credits."""
    return credit(
        **of(user, created_at=moment, feature_name=feature, credits_used=number, **values)
    )


def everything() -> list[msgspec.Struct]:
    """All events, 201 of them."""
    return [*sales(), *requests(), *events(), *calls(), *credit_uses()]
