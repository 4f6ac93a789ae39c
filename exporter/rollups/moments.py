"""The moments at which each user had events of a name: what tells who did one thing after another.

A user is known by a hash (sets.py). Times are in ms since 1970 and go up.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, compress, groupby
from operator import itemgetter

import msgspec
from msgspec import Struct

from ..clock import epoch_ms
from ..records.engagement import ENGAGEMENT
from ..storage.base import Row
from ..storage.query import Filter, Operator
from .digests import Digest, Pieces
from .documents import USER
from .plan import Range
from .sets import hashed, portable, unpack_members

AT_ONCE = 100_000
"""Moments that one document keeps."""

Timelines = dict[int, "array[int]"]
"""The moments of each user."""

_TIME = ENGAGEMENT.time_field


class Piece(Struct, array_like=True):
    """Moments, packed as sets are: the users, for each the place where theirs end, all moments.

    What is unpacked is not copied, for of most of it nothing is looked at.
    """

    users: memoryview
    ends: memoryview
    moments: memoryview


_DECODER = msgspec.msgpack.Decoder(Piece)


def timelines(pieces: Iterable[bytes]) -> Timelines:
    """The moments of each user in all pieces, which may be in any order."""
    found: Timelines = {}
    for packed in pieces:
        piece = _DECODER.decode(packed)
        all_moments = _unpacked(piece.moments)
        for user, start, end in _places(piece):
            moments = all_moments[start:end]
            known = found.get(user)
            if known is None:
                found[user] = moments
                continue
            in_order = known[-1] < moments[0]
            known += moments
            if not in_order:
                found[user] = array("Q", sorted(known))
    return found


def next_moments(pieces: Pieces, after: Mapping[int, Sequence[int]]) -> Timelines:
    """For each user's times, which go up, the first of their moments at each time or after it.

    Some that are not the first after any of the times may be among them. Users without one are
    left out. Documents are in the order of time: who has found the moments for all their times is
    not looked for in later ones, and so most of what a user ever did is passed over.
    """
    found: Timelines = {}
    waiting = dict(after)
    for packed in pieces.kept:
        for user, reached, first in _first_after(packed, waiting):
            times = waiting[user]
            found.setdefault(user, array("Q")).extend(first)
            if reached < len(times):
                waiting[user] = times[reached:]
            else:
                del waiting[user]
    for packed in pieces.recorded:
        for user, _, first in _first_after(packed, after):
            found[user] = array("Q", sorted({*found.get(user, ()), *first}))
    return found


def _first_after(
    packed: bytes, after: Mapping[int, Sequence[int]]
) -> Iterator[tuple[int, int, list[int]]]:
    """For each user how many of their times lie before the end of their moments in a piece, if
    any do; and the first moment at each of those times or after it."""
    piece = _DECODER.decode(packed)
    moments = unpack_members(piece.moments)
    for user, start, end in _places(piece, after):
        times = after[user]
        reached = bisect_right(times, moments[end - 1])
        if reached:
            places = {bisect_left(moments, time, start, end) for time in times[:reached]}
            yield user, reached, [moments[place] for place in sorted(places)]


def _places(piece: Piece, of: Container[int] | None = None) -> Iterable[tuple[int, int, int]]:
    """Each user of a piece, with where their moments begin and end; some users only."""
    users, ends = _unpacked(piece.users), _unpacked(piece.ends)
    places = zip(users, chain((0,), ends), ends, strict=False)  # it begins at 0, and at each end
    return places if of is None else compress(places, map(of.__contains__, users))


def _unpacked(packed: memoryview) -> "array[int]":
    values = array("Q")
    values.frombytes(packed)
    return portable(values)


def _packed(found: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    users, ends, moments = array("Q"), array("Q"), array("Q")
    for user, of_user in found:
        users.append(user)
        moments.extend(of_user)
        ends.append(len(moments))
    return msgspec.msgpack.encode(
        Piece(*(memoryview(portable(values)).cast("B") for values in (users, ends, moments)))
    )


def _pack(rows: Iterable[Row]) -> bytes:
    return _packed(
        (hashed(user), [epoch_ms(row[_TIME]) for row in of_user])
        for user, of_user in groupby(rows, itemgetter(USER))
    )


class _Bucket:
    """Puts the pieces of a bucket together."""

    def __init__(self, span: Range) -> None:
        self._pieces: list[bytes] = []

    def add(self, time: datetime, packed: bytes) -> None:
        """Take a piece; they tell their times themselves."""
        self._pieces.append(packed)

    def parts(self) -> list[bytes]:
        """All moments, so many in a part."""
        return [_packed(part) for part in _in_parts(timelines(self._pieces))]


def _in_parts(found: Timelines) -> Iterator[list[tuple[int, "array[int]"]]]:
    """Users with their moments, AT_ONCE moments at a time."""
    part: list[tuple[int, array[int]]] = []
    room = AT_ONCE
    for user, moments in found.items():
        start = 0
        while start < len(moments):
            taken = moments[start : start + room]
            part.append((user, taken))
            start, room = start + len(taken), room - len(taken)
            if not room:
                yield part
                part, room = [], AT_ONCE
    if part:
        yield part


MOMENTS = Digest(
    kind="engagement_moments",
    family=ENGAGEMENT,
    longest="day",
    name="event",
    by=(USER, _TIME),
    where=(Filter(USER, Operator.NE, None),),
    pack=_pack,
    merger=_Bucket,
)
"""The moments of a tenant's users by event."""
