"""Sets of values and distributions, as rollup documents keep them.

A set holds a hash of 64 bits of each value: users are counted over many days by putting their
sets together, without reading who they are. Two of ten million values have the same hash with a
likelihood of one in 370,000 (n²/2⁶⁵), so that a count is as good as exact.

A distribution is how many values lie in each bucket of storage/log_buckets.py.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import blake2b

import msgspec

from ..storage.log_buckets import representative
from .remembered import Remembered

HASH_BYTES = 8
HASHES = 16_384
"""Hashes that are kept: the same users and sessions come in every rollup of an hour."""
Spread = dict[int, int]
"""How many values lie in each bucket, by the bucket's number."""

_BUCKETS = msgspec.msgpack.Decoder(dict[int, int])
FINEST_QUANTILE = 1_000_000
FEW = 2_048
"""Hashes that are put together in less time than it takes to know them again."""
IN_CACHE = 8_192
"""Hashes whose set stays in a processor's cache, about."""
UNIONS = 512
"""Unions whose size is kept, in a few MB: those of closed buckets are asked for again and again."""
WORTH_A_SEARCH = 16
"""Putting a hash into a set takes a part of the time that looking for one in an array does."""


@lru_cache(HASHES)
def hashed(value: object) -> int:
    """The hash of a value, of its text."""
    return int.from_bytes(blake2b(str(value).encode(), digest_size=HASH_BYTES).digest(), "little")


def pack_members(members: Collection[int]) -> bytes:
    """A set of hashes as bytes: each in 8, the least first, whatever the machine's own order."""
    return portable(array("Q", sorted(members))).tobytes()


def unpack_members(packed: bytes | memoryview) -> Sequence[int]:
    """The hashes that were packed, the least first; in place, where the machine's order allows."""
    if sys.byteorder == "little":
        return memoryview(packed).cast("Q")
    return portable(array("Q", packed))


def pack_spread(spread: Mapping[int, int]) -> bytes:
    """A distribution as bytes (MessagePack, buckets in order)."""
    return msgspec.msgpack.encode(dict(sorted(spread.items())))


def unpack_spread(packed: bytes) -> dict[int, int]:
    """The distribution that was packed."""
    return _BUCKETS.decode(packed)


class Members:
    """A set that is collected from values and from packed sets.

    Those are put together when somebody asks what is in them: most sets of an hour are one alone.
    """

    __slots__ = ("_hashes", "_packed")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._packed: list[bytes] = []

    @classmethod
    def together(cls, some: "Iterable[Members]") -> "Members":
        """One set of all that is in several."""
        made = cls()
        for members in some:
            made._hashes |= members._hashes
            made._packed += members._packed
        return made

    def add(self, value: object, times: int = 1) -> None:
        """Add a value; so many times is no more than once."""
        self._hashes.add(hashed(value))

    def include(self, packed: bytes, times: int = 1) -> None:
        """Add a set that was packed; so many times is no more than once."""
        self._packed.append(packed)

    def __len__(self) -> int:
        if not self._packed:
            return len(self._hashes)
        if self._is_one:
            return len(self._packed[0]) // HASH_BYTES
        size = sum(map(len, self._packed)) // HASH_BYTES
        if size < FEW:
            return len(self.hashes())
        known = _sizes.of(self._packed, lambda: sum(map(len, self._parts(()))))
        return known + len(self._new())

    def _new(self) -> set[int]:
        """The hashes that were added and are in no packed set. The large ones are looked at first,
        which most are in; one with few for each of them is gone through, and not searched."""
        new = self._hashes.copy()
        for hashes in sorted(map(unpack_members, self._packed), key=len, reverse=True):
            if len(hashes) < len(new) * WORTH_A_SEARCH:
                new.difference_update(hashes)
            else:
                new -= {value for value in new if _holds(hashes, value)}
        return new

    def hashes(self) -> set[int]:
        """The hashes of all values."""
        return self._hashes.union(*map(unpack_members, {*self._packed}))

    def packed(self) -> bytes:
        """The set as bytes."""
        if not self._packed:
            return pack_members(self._hashes)
        if self._is_one:
            return self._packed[0]
        return b"".join(map(pack_members, self._parts(self._hashes)))

    def _parts(self, added: Collection[int]) -> Iterator[set[int]]:
        """All hashes that were packed or added, the least first, in sets so small that the
        processor's caches hold them: what lies in order is put together by ranges in less than half
        the time of one large set."""
        arrays = [*map(unpack_members, self._packed), array("Q", sorted(added))]
        number = 1 + sum(map(len, arrays)) // IN_CACHE
        starts = [0] * len(arrays)
        for part in range(1, number + 1):
            limit = (part << 8 * HASH_BYTES) // number
            ends = [bisect_left(of, limit, start) for of, start in zip(arrays, starts, strict=True)]
            pieces = zip(arrays, starts, ends, strict=True)
            yield set().union(*(of[start:end] for of, start, end in pieces))
            starts = ends

    @property
    def _is_one(self) -> bool:
        return len(self._packed) == 1 and not self._hashes


def _holds(hashes: Sequence[int], value: int) -> bool:
    place = bisect_left(hashes, value)
    return place < len(hashes) and hashes[place] == value


_sizes: Remembered[int] = Remembered(UNIONS)
"""How many different hashes are in packed sets together."""


class Spreads:
    """A distribution that is collected from counts and from packed distributions."""

    __slots__ = ("_counts", "_packed")

    def __init__(self) -> None:
        self._counts: Spread = {}
        self._packed: list[tuple[bytes, int]] = []

    def add(self, bucket: int, count: int) -> None:
        """Count so many more values in a bucket."""
        self._counts[bucket] = self._counts.get(bucket, 0) + count

    def include(self, packed: bytes, times: int) -> None:
        """Count a distribution that was packed, so many times."""
        self._packed.append((packed, times))

    def packed(self) -> bytes:
        """The distribution as bytes."""
        return pack_spread(self.counts())

    def counts(self) -> Spread:
        """How many values lie in each bucket."""
        found = self._counts
        for packed, times in self._packed:
            spread = unpack_spread(packed)
            if times == 1 and not found:
                found = self._counts = spread
                continue
            known = found.get
            for bucket, count in spread.items():
                found[bucket] = known(bucket, 0) + count * times
        self._packed.clear()
        return found


def percentile(spread: Mapping[int, int], quantile: float) -> float | None:
    """The value, within its bucket's accuracy, that has the nearest rank; None of no values."""
    values = sum(spread.values())
    part, whole = _share(quantile)
    rank = max(1, -(-values * part // whole))  # rounded up
    left = values - rank
    for bucket in sorted(spread, reverse=True):  # from the top: most ask for what is near it
        left -= spread[bucket]
        if left < 0:
            return representative(bucket)
    return None


@cache
def _share(quantile: float) -> tuple[int, int]:
    """A quantile in whole numbers; the few that questions name are kept."""
    share = Fraction(str(quantile)).limit_denominator(FINEST_QUANTILE)
    return share.numerator, share.denominator


def portable(values: "array[int]") -> "array[int]":
    """The same numbers with the least byte first, whatever the machine's own order; and back."""
    if sys.byteorder == "big":
        values.byteswap()
    return values
