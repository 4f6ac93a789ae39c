"""Credits: what users spent of their allowance, on which feature, and what that cost us."""

from ..family import Family, Mirror, Origin, Rollup, Tracked
from ..fields import Dollars, FreeMap, Identifier, Label, Moment, Quantity
from ..metrics import catalogue


class Track(Tracked, kw_only=True):
    """The body of `POST /api/credits/track`."""

    feature_name: Label
    credits_used: Quantity
    cost_usd: Dollars | None = None
    metadata: FreeMap | None = None
    usage_id: Identifier | None = None
    created_at: Moment | None = None


class Credit(Track, kw_only=True):
    """What is stored of a use of credits."""

    origin: Origin = Origin()


def mirror(before: Credit | None, after: Credit, out: Mirror) -> None:
    """Each use counts once."""
    out.inc(catalogue.CREDITS_USED, (after.feature_name,), after.credits_used)
    if after.cost_usd is not None:
        out.inc(catalogue.CREDITS_COST, (after.feature_name,), after.cost_usd)


_NUMBERS = ("creditsUsed", "costUsd")

CREDIT = Family(
    kind="credit",
    collection="credit_usage",
    body=Track,
    document=Credit,
    key="usageId",
    time_field="createdAt",
    retention="metrics_retention_days",
    found_with=("userId",),
    dimensions=("featureName", "userPlan"),
    measures=("creditsUsed", "costUsd"),
    rollups=(
        Rollup(name="all", sums=_NUMBERS, members=("userId",)),
        Rollup(name="features", by=("featureName",), sums=_NUMBERS, members=("userId",)),
        Rollup(name="user", by=("userId",), sums=_NUMBERS),
        Rollup(name="users", by=("userId", "featureName"), sums=_NUMBERS),
    ),
    answer=("usageId",),
    mirror=mirror,
)
