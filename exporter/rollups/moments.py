"""The moments at which each user had events of a name: what tells who did one thing after another.

A user is known by a hash (sets.py). Times are in ms since 1970 and go up.
"""

from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import msgspec
from msgspec import Struct

from ..clock import epoch_ms
from ..records.engagement import ENGAGEMENT
from ..storage.base import Row
from ..storage.query import Filter, Operator
from .digests import Digest
from .documents import USER
from .plan import Range
from .sets import hashed, portable

AT_ONCE = 100_000
"""Moments that one document keeps."""

Timelines = dict[int, "array[int]"]
"""The moments of each user."""

_TIME = ENGAGEMENT.time_field


class Piece(Struct, array_like=True):
    """Moments, packed as sets are: the users, for each the place where theirs end, all moments."""

    users: bytes
    ends: bytes
    moments: bytes


_DECODER = msgspec.msgpack.Decoder(Piece)


def timelines(pieces: Iterable[bytes], of: Container[int] | None = None) -> Timelines:
    """The moments of each user in all pieces, which may be in any order; of some users only."""
    found: Timelines = {}
    for packed in pieces:
        for user, moments in _unpacked(packed, of):
            known = found.get(user)
            if known is None:
                found[user] = moments
                continue
            in_order = known[-1] < moments[0]
            known += moments
            if not in_order:
                found[user] = array("Q", sorted(known))
    return found


def _unpacked(packed: bytes, of: Container[int] | None) -> Iterator[tuple[int, "array[int]"]]:
    piece = _DECODER.decode(packed)
    moments = portable(array("Q", piece.moments))
    start = 0
    for user, end in zip(
        portable(array("Q", piece.users)), portable(array("Q", piece.ends)), strict=True
    ):
        if of is None or user in of:
            yield user, moments[start:end]
        start = end


def _packed(found: Iterable[tuple[int, Sequence[int]]]) -> bytes:
    users, ends, moments = array("Q"), array("Q"), array("Q")
    for user, of_user in found:
        users.append(user)
        moments.extend(of_user)
        ends.append(len(moments))
    return msgspec.msgpack.encode(
        Piece(*(portable(values).tobytes() for values in (users, ends, moments)))
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
