"""Credits: what users spent of their allowance, on which feature, and what that cost."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import Interval
from ..records.credit import CREDIT
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, Where
from ..storage.together import together
from .answer import Answer, percent
from .period import OF_A_USER, Period, select
from .series import series
from .slices import top

Uses = Annotated[int, Meta(description="Recorded uses of credits.")]
Credits = Annotated[float, Meta(description="Sum of the credits used.")]
Cost = Annotated[float, Meta(description="Sum of what the uses cost, in US dollars.")]
Share = Annotated[float | None, Meta(description="totalCredits / those of the whole, in %.")]


class CreditTotals(Answer, frozen=True):
    """The credits of a period."""

    uses: Uses
    total_credits: Credits
    total_cost: Cost
    unique_users: Annotated[
        int, Meta(description="Distinct users; uses by no user do not count here.")
    ]
    avg_credits: Annotated[float | None, Meta(description="totalCredits / uses")]


class FeatureCredits(Answer, frozen=True):
    """The credits used on one feature."""

    feature: str
    uses: Uses
    total_credits: Credits
    total_cost: Cost
    share: Share


class UserCredits(Answer, frozen=True):
    """The credits used by one user."""

    user_id: str
    uses: Uses
    total_credits: Credits
    total_cost: Cost
    share: Share


class CreditStats(Answer, frozen=True):
    """The credits of a period, and the 100 features and users that used the most."""

    stats: CreditTotals
    by_feature: list[FeatureCredits]
    by_user: list[UserCredits]


class CreditPoint(Answer, frozen=True):
    """The credits used in one interval."""

    time: Annotated[datetime, Meta(description="The beginning of the interval.")]
    uses: Uses
    total_credits: Credits
    total_cost: Cost


_PART = (
    Measure("uses"),
    Measure("total_credits", Function.SUM, "creditsUsed"),
    Measure("total_cost", Function.SUM, "costUsd"),
)
_TOTALS = (*_PART, Measure("unique_users", Function.DISTINCT, "userId"))


async def credit_stats(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> CreditStats:
    """The credits that the scope used in the period, by feature and by user."""
    selected = select(CREDIT, scope, period, where)
    (totals,), features, users = await together(
        store,
        store.aggregate(Aggregation(CREDIT, _TOTALS, selected)),
        top(store, CREDIT, ("featureName",), _PART, selected, order="total_credits"),
        top(store, CREDIT, ("userId",), _PART, (*selected, OF_A_USER), order="total_credits"),
    )
    whole = totals["total_credits"]
    uses = totals["uses"]
    return CreditStats(
        stats=CreditTotals(**totals, avg_credits=whole / uses if uses else None),
        by_feature=[
            FeatureCredits(**_part(row, "featureName", "feature", whole)) for row in features
        ],
        by_user=[UserCredits(**_part(row, "userId", "user_id", whole)) for row in users],
    )


async def credit_series(
    store: Store, scope: Scope, period: Period, interval: Interval
) -> list[CreditPoint]:
    """The credits that the scope used in each interval of the period."""
    rows = await series(store, CREDIT, _PART, scope, period, interval=interval)
    return [CreditPoint(**row) for row in rows]


def _part(row: Row, by: str, name: str, whole: float) -> dict[str, Any]:
    shared = percent(row["total_credits"], whole)
    return {
        **{key: value for key, value in row.items() if key != by},
        name: row[by],
        "share": shared,
    }
