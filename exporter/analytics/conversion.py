"""Conversion: how many of the active users paid.

A user converted in a period with a sale of type `subscription` or `purchase` that was created in
it and completed, whether or not it was refunded since. Who converted was active, so that the rate
is at most 100.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..records.sale import SALE, SETTLED
from ..storage.base import Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator
from .activity import seen
from .answer import Answer
from .period import Period, select

CONVERTS = (
    Filter("type", Operator.IN, ("purchase", "subscription")),
    Filter("status", Operator.IN, tuple(sorted(SETTLED))),
)


class Conversion(Answer, frozen=True):
    """How many of the active users paid."""

    total_users: Annotated[int, Meta(description="Distinct users with an event in the period.")]
    converted_users: Annotated[
        int, Meta(description="Distinct users with a completed subscription or purchase.")
    ]
    conversion_rate: Annotated[
        float, Meta(description="convertedUsers / totalUsers, in %; 0 without users.")
    ]


async def conversion(
    store: Store, families: Sequence[Family], scope: Scope, period: Period
) -> Conversion:
    """The conversion of the scope's users in the period."""
    active, (row,) = await asyncio.gather(
        seen(store, families, scope, period),
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("converted", Function.DISTINCT, "userId"),),
                where=select(SALE, scope, period, CONVERTS),
            )
        ),
    )
    total, converted = len(active), row["converted"]
    return Conversion(total, converted, 100 * converted / total if total else 0.0)
