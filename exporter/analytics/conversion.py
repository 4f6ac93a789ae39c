"""Conversion: how many of the active users paid.

A user converted in a period with a sale of type `subscription` or `purchase` that was created in
it and completed, whether or not it was refunded since. Who converted was active, so that the rate
is at most 100.
"""

from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.sale import SALE, SETTLED
from ..rollups.store import RolledStore
from ..storage.query import Aggregation, Filter, Function, Measure, Operator
from ..storage.together import together
from .activity import number_active
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


async def conversion(store: RolledStore, scope: Scope, period: Period) -> Conversion:
    """The conversion of the scope's users in the period."""
    total, (row,) = await together(
        store,
        number_active(store, scope, period),
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("converted", Function.DISTINCT, "userId"),),
                where=select(SALE, scope, period, CONVERTS),
            )
        ),
    )
    converted = row["converted"]
    return Conversion(total, converted, 100 * converted / total if total else 0.0)
