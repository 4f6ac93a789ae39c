"""How far the rollups are, as it is kept in the store: one document, and a mark for each hour that
was written to after it may have been rolled up.

A mark is written before the event is, so that whoever sees the event sees the mark. Marks are
only ever added by those who record, and only removed by the one who refreshes, once they are so
old that the writes behind them have ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..family import Family
from ..fields import Identifier, Moment
from ..ids import new_id
from ..intervals import beginning
from ..storage.base import Insert, Replace, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, within
from .documents import RETENTION, TIME, Level, unmirrored
from .plan import Progress, Ranges
from .sources import SUBJECTS

GRACE = timedelta(minutes=5)
"""An event that is younger when it arrives needs no mark: its hour is not rolled up before that."""
SETTLED = timedelta(seconds=20)
"""The age at which all writes behind a mark have ended, well or badly."""
AGAIN = timedelta(seconds=5)
"""How long one mark serves for further events of its hour."""
_DECLARED = msgspec.json.encode({kind: one.family.rollups for kind, one in SUBJECTS.items()})
NAME = f"rollups_{blake2b(_DECLARED, digest_size=8).hexdigest()}"
"""What it is kept as. Where something else is declared than before, the rollups are begun anew, and
questions read records until they are done."""


class Mark(Struct, kw_only=True, rename="camel"):
    """An hour with an event that came late; `time` is when the mark was made."""

    tenant_id: Identifier = DEFAULT_TENANT
    mark_id: Identifier
    hour: Moment
    time: Moment


class Reached(Struct, kw_only=True, rename="camel"):
    """The ends of the last buckets that are rolled up."""

    tenant_id: Identifier = DEFAULT_TENANT
    name: Identifier
    hour: Moment
    day: Moment
    month: Moment
    time: Moment
    revision: int = 0


MARKS = Family(
    kind="rollup_mark",
    collection="rollup_marks",
    body=Mark,
    document=Mark,
    key="markId",
    time_field=TIME,
    retention=RETENTION,
    mirror=unmirrored,
    dimensions=("hour",),
    measures=(),
)
REACHED = Family(
    kind="rollup_progress",
    collection="rollup_progress",
    body=Reached,
    document=Reached,
    key="name",
    time_field=TIME,
    retention=RETENTION,
    mirror=unmirrored,
    dimensions=(),
    measures=(),
)


async def read(store: Store) -> Progress | None:
    """How far the rollups are; None before they were begun."""
    reached = await store.get(REACHED, DEFAULT_TENANT, NAME)
    if reached is None:
        return None
    marked = await store.aggregate(Aggregation(MARKS, (), by=("hour",)))
    until: dict[Level, datetime] = {
        "hour": reached.hour,
        "day": reached.day,
        "month": reached.month,
    }
    return Progress(until, frozenset(row["hour"] for row in marked))


async def write(store: Store, until: Mapping[Level, datetime], now: datetime) -> None:
    """Keep how far the rollups are."""
    known = await store.get(REACHED, DEFAULT_TENANT, NAME)
    reached = Reached(
        name=NAME,
        hour=until["hour"],
        day=until["day"],
        month=until["month"],
        time=now,
        revision=0 if known is None else known.revision + 1,
    )
    operation = Insert if known is None else Replace
    await store.write([operation(REACHED, reached, new_id())])


async def settled_marks(store: Store, now: datetime) -> list[datetime]:
    """The hours all of whose marks are so old that the writes behind them have ended."""
    rows = await store.aggregate(
        Aggregation(MARKS, (Measure("last", Function.MAX, TIME),), by=("hour",))
    )
    return [row["hour"] for row in rows if row["last"] <= now - SETTLED]


async def unmark(store: Store, ranges: Ranges, now: datetime) -> None:
    """Remove the settled marks of the hours in these ranges, which were rolled up since `now`."""
    where = within("hour", ranges), Filter(TIME, Operator.LTE, now - SETTLED)
    await store.put(MARKS, where, ())


class Known:
    """The progress of a store: kept in memory where no other process can write it.

    Whoever writes it, or a mark, does so in a block of `changing`. Until that ends the last one is
    right as well: what is rolled up meanwhile can still be read from its records, and an event is
    written after its mark.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reached: Progress | None = None
        self._changes = 0
        self._read_at = -1

    @contextmanager
    def changing(self) -> Iterator[None]:
        """It may be another one when the block ends, well or badly."""
        try:
            yield
        finally:
            self._changes += 1

    async def read(self) -> Progress | None:
        """How far the rollups are; None before they were begun."""
        if self._read_at != self._changes:
            at = self._changes  # what changes while this reads may not be in it
            reached = await read(self._store)
            if self._store.remote:
                return reached
            self._reached, self._read_at = reached, at
        return self._reached


class Marker:
    """Marks the hours of events that come late, each again after a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marked: dict[datetime, datetime] = {}

    async def mark(self, moments: Sequence[datetime], now: datetime) -> None:
        """Mark the hours of these moments; raises StoreUnavailable when they are not marked."""
        hours = {beginning(moment, "hour") for moment in moments}
        self._marked = {hour: at for hour, at in self._marked.items() if now - AGAIN < at <= now}
        if new := sorted(hours - self._marked.keys()):
            await self._store.write(
                [
                    Insert(MARKS, Mark(mark_id=new_id(), hour=hour, time=now), new_id())
                    for hour in new
                ]
            )
            self._marked |= dict.fromkeys(new, now)


def closed_until(now: datetime) -> datetime:
    """The end of the last hour that is rolled up: later events in it are marked."""
    return beginning(now - GRACE - SETTLED - AGAIN, "hour")
