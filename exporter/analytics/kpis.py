"""The overview: the main numbers of every subject, and how they compare with another period."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from ..access.principal import Scope
from ..storage.base import Store
from ..storage.together import together
from .answer import Answer, change
from .engagement import EngagementStats, engagement_stats
from .exchange import Rates
from .performance import PerformanceStats, performance_stats
from .period import Period
from .sales import SalesStats, sales_stats
from .usage import AiStats, ai_stats

Stats = Callable[[Store, Scope, Period, Rates | None], Coroutine[Any, Any, Answer]]


class Kpis(Answer, frozen=True):
    """The main numbers of a period."""

    ai_requests: AiStats
    user_engagement: EngagementStats
    sales: SalesStats
    performance: PerformanceStats


class Comparison(Answer, frozen=True):
    """The numbers of two periods by their names, and the change of each."""

    current: dict[str, Any]
    previous: dict[str, Any]
    change: dict[str, Any]


async def _sales(store: Store, scope: Scope, period: Period, rates: Rates | None) -> SalesStats:
    return await sales_stats(store, scope, period, rates=rates)


@dataclass(frozen=True)
class Subject:
    """What can be compared: the answer with its numbers, and how it is asked for."""

    answer: type[Answer]
    ask: Stats


COMPARED: Mapping[str, Subject] = {
    "ai-requests": Subject(AiStats, lambda store, scope, period, _: ai_stats(store, scope, period)),
    "engagement": Subject(
        EngagementStats, lambda store, scope, period, _: engagement_stats(store, scope, period)
    ),
    "sales": Subject(SalesStats, _sales),
    "performance": Subject(
        PerformanceStats, lambda store, scope, period, _: performance_stats(store, scope, period)
    ),
}
"""What can be compared, by its name in the HTTP contract."""


async def kpis(store: Store, scope: Scope, period: Period, rates: Rates | None = None) -> Kpis:
    """The main numbers of the scope in the period."""
    requests, engagement, sales, performance = await together(
        store,
        ai_stats(store, scope, period),
        engagement_stats(store, scope, period),
        _sales(store, scope, period, rates),
        performance_stats(store, scope, period),
    )
    return Kpis(requests, engagement, sales, performance)


async def comparison(
    store: Store,
    scope: Scope,
    metric: str,
    *,
    current: Period,
    previous: Period,
    rates: Rates | None = None,
) -> Comparison:
    """The numbers of one subject of COMPARED in two periods."""
    subject = COMPARED[metric]
    found = await together(
        store, subject.ask(store, scope, current, rates), subject.ask(store, scope, previous, rates)
    )
    now, then = map(_plain, found)
    return Comparison(now, then, changes(now, then))


def _plain(stats: Answer) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(stats, builtin_types=(Decimal,))
    return found


def changes(current: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    """(current - previous) / previous in % of every number, under the names that it has.

    None where the previous is 0 or null, or the current is null; objects within are objects
    within, and a currency that one period lacks counts as 0 there. What is no number is left out.
    """
    found: dict[str, Any] = {}
    for name in {**current, **previous}:
        now, then = current.get(name), previous.get(name)
        if isinstance(now, dict) or isinstance(then, dict):
            found[name] = changes(now or {}, then or {})
        elif _is_number(now) or _is_number(then):
            found[name] = _change(now, then, absent=name not in current)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _change(now: Any, then: Any, *, absent: bool) -> float | None:
    if now is None and absent:
        now = 0
    if now is None or then is None:
        return None
    return change(Decimal(str(now)), Decimal(str(then)))
