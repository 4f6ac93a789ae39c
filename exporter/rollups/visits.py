"""Sessions, kept as totals of those that nothing outside their bucket can belong to, and one by
one those near its edges, which may go on in the bucket next to it.

One rule says what is one session, of single moments and of the sessions of neighbouring buckets
alike, and gives the same whatever is put together first. That is why a repeated logout belongs to
the session that ended for as long as the one before it is not 30 minutes ago.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, partial
from itertools import compress, groupby
from operator import attrgetter, itemgetter, not_
from typing import NamedTuple

import msgspec
from msgspec import Struct

from ..clock import epoch_ms
from ..records.engagement import ENGAGEMENT, IDLE, LOGOUT
from ..storage.base import Row
from ..storage.log_buckets import bucket_of
from ..storage.query import Measure, equals
from .digests import Digest, Pieces
from .plan import Range
from .remembered import Remembered
from .sets import hashed, percentile

AT_ONCE = 10_000
"""Sessions that one document keeps one by one."""

PERIODS = 64
"""Periods whose documents are remembered as one piece: what is over is asked for again and again.
"""
LARGEST = 100_000
"""Bytes of such a piece at most, which are some 1,500 sessions at its edges."""

_TIME, _PAGE = ENGAGEMENT.time_field, "page"
_EVENTS, _LOGOUTS = "events", "logouts"
MILLISECONDS = 1000
"""In a second."""
_IDLE = int(IDLE.total_seconds() * MILLISECONDS)


class Visit(Struct, array_like=True, gc=False):
    """A session, or one moment of it. Times are in ms since 1970.

    session: the hash of its sessionId.
    last: its last moment, or that of its logout.
    seen: its last moment, that of a repeated logout for one.
    pages: the hashes of its pages.
    over: whether it had a logout.
    farewell: whether it is nothing but logouts, which may belong to a session that ended.
    """

    session: int
    first: int
    last: int
    seen: int
    events: int
    pages: list[int]
    over: bool
    farewell: bool

    def goes_on(self, later: "Visit") -> bool:
        """Whether a later one with the same sessionId is the same session."""
        return later.first - self.seen < _IDLE and (later.farewell or not self.over)

    def add(self, later: "Visit") -> None:
        """Take in what this session goes on with."""
        if not self.over:
            self.last, self.over = later.last, later.over
        self.seen = later.seen
        self.events += later.events
        if later.pages:
            self.pages = list({*self.pages, *later.pages})


class Totals(Struct, array_like=True):
    """What sessions come to: how many, their lengths in ms added up, their events, their distinct
    pages, those of one event, and how many lengths in s are in each logarithmic bucket."""

    count: int = 0
    length: int = 0
    events: int = 0
    pages: int = 0
    bounces: int = 0
    lengths: dict[int, int] = {}

    def add(self, length: int, events: int, pages: int) -> None:
        """Count a session, by its length in ms, its events and its distinct pages."""
        self.count += 1
        self.length += length
        self.events += events
        self.pages += pages
        self.bounces += events == 1
        bucket = bucket_of(length / MILLISECONDS)
        self.lengths[bucket] = self.lengths.get(bucket, 0) + 1

    def count_all(self, visits: Iterable[Visit]) -> None:
        """Count sessions, which can be thousands: all of their lengths, all of their events …"""
        counted = list(visits)
        lengths = [visit.last - visit.first for visit in counted]
        events = [visit.events for visit in counted]
        pages = sum([len(visit.pages) for visit in counted])
        buckets = Counter([bucket_of(length / MILLISECONDS) for length in lengths])
        self.include(
            Totals(len(counted), sum(lengths), sum(events), pages, events.count(1), buckets)
        )

    def include(self, other: "Totals") -> None:
        """Add what other sessions come to."""
        self.count += other.count
        self.length += other.length
        self.events += other.events
        self.pages += other.pages
        self.bounces += other.bounces
        lengths, known = self.lengths, self.lengths.get
        for bucket, count in other.lengths.items():
            lengths[bucket] = known(bucket, 0) + count

    @property
    def median(self) -> float | None:
        """The length in s that half of them do not exceed, within a bucket's accuracy."""
        return percentile(self.lengths, 0.5)


class Piece(Struct, array_like=True):
    """What is known of the sessions of some time."""

    totals: Totals
    visits: list[Visit]


_DECODER = msgspec.msgpack.Decoder(Piece)


def unpacked(packed: bytes) -> Piece:
    """A piece of the digest."""
    return _DECODER.decode(packed)


def moments(rows: Iterable[Row]) -> Iterator[Visit]:
    """The moments of sessions: rows of the digest's question, in its order."""
    page_hash = cache(hashed)
    for name, of_session in groupby(rows, itemgetter("sessionId")):
        session = hashed(name)
        for time, of_moment in groupby(of_session, itemgetter(_TIME)):
            at, events, logouts, pages = epoch_ms(time), 0, 0, []
            for row in of_moment:
                events += row[_EVENTS]
                logouts += row[_LOGOUTS]
                if row[_PAGE] is not None:
                    pages.append(page_hash(row[_PAGE]))
            yield Visit(session, at, at, at, events, pages, logouts > 0, logouts == events)


def joined(parts: Iterable[Visit]) -> list[Visit]:
    """The sessions of moments, or of parts of sessions; those of each sessionId go up in time."""
    ended: list[Visit] = []
    last: dict[int, Visit] = {}
    for part in parts:
        visit = last.get(part.session)
        if visit is not None and visit.goes_on(part):
            visit.add(part)
            continue
        if visit is not None:
            ended.append(visit)
        last[part.session] = part
    ended += last.values()
    return ended


def whole(pieces: Pieces) -> Totals:
    """What all sessions of the pieces of a period come to."""
    recorded = [unpacked(packed) for packed in pieces.recorded]
    kept = _kept.of(pieces.kept, partial(Kept.of, pieces.kept))
    # Records of hours that are marked lie within what was kept.
    apart = all(kept.lies_apart(visit) for piece in recorded for visit in piece.visits)
    totals, visits = _together(
        (*map(unpacked, (kept.packed,) if apart else pieces.kept), *recorded)
    )
    totals.count_all(visits)
    return totals


class Kept(NamedTuple):
    """The documents of a period as one piece: what lies next to it on either side can be put onto
    it, and what lies within cannot.

    first, last: between these moments its sessions begin.
    """

    first: int
    last: int
    packed: bytes

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> "Kept":
        """The pieces as one."""
        totals, visits = _together(map(unpacked, pieces))
        first = min((visit.first for visit in visits), default=0)
        last = max((visit.first for visit in visits), default=0)
        at_edge = [min(visit.first - first, last - visit.seen) < _IDLE for visit in visits]
        totals.count_all(compress(visits, map(not_, at_edge)))
        return cls(first, last, _packed(totals, [*compress(visits, at_edge)]))

    def lies_apart(self, visit: Visit) -> bool:
        """Whether a session lies before all that was kept, or begins after it."""
        return visit.seen < self.first or self.last <= visit.first


_kept: Remembered[Kept] = Remembered(PERIODS, LARGEST, lambda kept: len(kept.packed))


def _together(pieces: Iterable[Piece]) -> tuple[Totals, list[Visit]]:
    """The totals of pieces, which may be in any order, and the sessions of what they have one by
    one."""
    totals, visits = Totals(), list[Visit]()
    for piece in pieces:
        totals.include(piece.totals)
        visits += piece.visits
    visits.sort(key=attrgetter("first"))
    return totals, joined(visits)


class _Bucket:
    """Puts the pieces of a bucket together, and counts the sessions that cannot be gone on with
    as soon as that is certain."""

    def __init__(self, span: Range) -> None:
        self._inner = epoch_ms(span[0]) + _IDLE
        self._end = epoch_ms(span[1])
        self._totals = Totals()
        self._at_edge: list[Visit] = []
        self._open: list[Visit] = []

    def add(self, time: datetime, packed: bytes) -> None:
        """Take a piece that begins at a time."""
        self._settle(epoch_ms(time))
        piece = unpacked(packed)
        self._totals.include(piece.totals)
        self._open = joined((*self._open, *piece.visits))

    def parts(self) -> list[bytes]:
        """The totals, with the sessions near the edges one by one."""
        self._settle(self._end)
        visits = sorted((*self._at_edge, *self._open), key=attrgetter("first"))
        return [
            _packed(self._totals if not place else Totals(), visits[place : place + AT_ONCE])
            for place in range(0, len(visits) or 1, AT_ONCE)
        ]

    def _settle(self, now: int) -> None:
        """Let go of the sessions that nothing from a time on can belong to."""
        going_on = [visit for visit in self._open if now - visit.seen < _IDLE]
        ended = [visit for visit in self._open if now - visit.seen >= _IDLE]
        self._at_edge += [visit for visit in ended if visit.first < self._inner]
        self._totals.count_all(visit for visit in ended if visit.first >= self._inner)
        self._open = going_on


def _pack(rows: Iterable[Row]) -> bytes:
    return _packed(Totals(), joined(moments(rows)))


def _packed(totals: Totals, visits: list[Visit]) -> bytes:
    return msgspec.msgpack.encode(Piece(totals, visits))


VISITS = Digest(
    kind="engagement_visits",
    family=ENGAGEMENT,
    longest="month",
    by=("sessionId", _TIME, _PAGE),
    measures=(Measure(_EVENTS), Measure(_LOGOUTS, where=(equals("event", LOGOUT),))),
    pack=_pack,
    merger=_Bucket,
)
"""The sessions of a tenant."""
