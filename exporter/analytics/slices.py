"""Distributions: a family's records by the values of a label, the most frequent first."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from ..family import Family
from ..storage.base import Row, Store
from ..storage.query import Aggregation, By, Measure, Order, Where, field_of
from .answer import Answer, percent

MOST = 100
"""Groups of a distribution at most: labels are open sets, which anybody can make long."""


class Slice(Answer, frozen=True):
    """One value of a label, and how much of the whole it is."""

    name: Annotated[str | None, Meta(description="The label's value; null for records without.")]
    count: Annotated[int, Meta(description="Records with this value.")]
    share: Annotated[float | None, Meta(description="count / all records of the answer, in %.")]


async def top(
    store: Store,
    family: Family,
    by: Sequence[By],
    measures: Sequence[Measure],
    where: Where,
    *,
    order: str = "count",
    limit: int = MOST,
    named: bool = False,
) -> list[Row]:
    """The groups with the most of the measure `order`, that first; ties by the group's name.

    named: only of records that have any of the labels that they are grouped by.
    """
    return await store.aggregate(
        Aggregation(
            family=family,
            measures=measures,
            where=where,
            by=by,
            order=(Order(order, descending=True),),
            limit=limit,
            present=[field_of(part, family) for part in by] if named else (),
        )
    )


def slices(rows: Sequence[Row], by: str, whole: int) -> list[Slice]:
    """The slices of rows that count by one label, of a `whole` of so many records."""
    return [Slice(row[by], row["count"], percent(row["count"], whole)) for row in rows]
