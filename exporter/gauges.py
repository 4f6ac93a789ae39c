"""The gauges that come from the store, over all tenants, by the same functions as the answers."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from .analytics.activity import numbers_active
from .analytics.period import Period
from .analytics.recurring import annual_recurring, monthly
from .analytics.subscriptions import Subscribed, subscriptions_at
from .analytics.usage import in_progress
from .analytics.users import active_by_plan
from .metrics import catalogue
from .metrics.tally import Labels
from .metrics.values import Metrics
from .rollups.store import RolledStore

CURRENTLY = timedelta(minutes=5)
WINDOWS: Mapping[str, timedelta] = {
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_MOMENT = timedelta(milliseconds=1)


async def refresh(store: RolledStore, metrics: Metrics, now: datetime) -> None:
    """Set every gauge to what the store says at `now`; users are active by events of any family.

    One question after the other, so that the callers of the service keep the store's readers.
    Nothing is set when a question fails.
    """
    requests = await in_progress(store, None, now)
    current = await active_by_plan(store, _up_to(now, CURRENTLY))
    active = await numbers_active(store, None, now + _MOMENT, list(WINDOWS.values()))
    windows: dict[Labels, float] = {
        (name,): users for name, users in zip(WINDOWS, active, strict=True)
    }
    subscribed = await subscriptions_at(store, None, now)
    annual = annual_recurring(subscribed, _plan_and_currency)
    _set(metrics, catalogue.AI_REQUESTS_IN_PROGRESS, {(model,): n for model, n in requests.items()})
    _set(metrics, catalogue.ACTIVE_USERS_CURRENT, {(plan,): n for plan, n in current.items()})
    _set(metrics, catalogue.ACTIVE_USERS, windows)
    _set(
        metrics,
        catalogue.SUBSCRIPTIONS_CURRENT,
        Counter((one.plan or "", one.state.value) for one in subscribed),
    )
    _set(metrics, catalogue.MONTHLY_RECURRING_REVENUE, monthly(annual))


def _plan_and_currency(one: Subscribed) -> Labels:
    return one.plan or "", one.currency


def _up_to(now: datetime, length: timedelta) -> Period:
    """The last `length` of time, with the present millisecond in it."""
    end = now + _MOMENT
    return Period(end - length, end)


def _set(
    metrics: Metrics, gauge: catalogue.Gauge, values: Mapping[Labels, float | Decimal]
) -> None:
    metrics.replace(gauge, {labels: float(value) for labels, value in values.items()})
