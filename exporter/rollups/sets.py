"""Sets of values and distributions, as rollup documents keep them.

A set holds a hash of 64 bits of each value: users are counted over many days by putting their
sets together, without reading who they are. Two of ten million values have the same hash with a
likelihood of one in 370,000 (n²/2⁶⁵), so that a count is as good as exact.

A distribution is how many values lie in each bucket of storage/log_buckets.py.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from hashlib import blake2b

import msgspec

from ..storage.log_buckets import representative

HASH_BYTES = 8
Spread = Counter[int]
"""How many values lie in each bucket, by the bucket's number."""

_BUCKETS = msgspec.msgpack.Decoder(dict[int, int])
FINEST_QUANTILE = 1_000_000


def hashed(value: object) -> int:
    """The hash of a value, of its text."""
    return int.from_bytes(blake2b(str(value).encode(), digest_size=HASH_BYTES).digest(), "little")


def pack_members(members: Collection[int]) -> bytes:
    """A set of hashes as bytes: each in 8, the least first, whatever the machine's own order."""
    return portable(array("Q", sorted(members))).tobytes()


def unpack_members(packed: bytes) -> Iterable[int]:
    """The hashes that were packed."""
    return portable(array("Q", packed))


def pack_spread(spread: Mapping[int, int]) -> bytes:
    """A distribution as bytes (MessagePack, buckets in order)."""
    return msgspec.msgpack.encode(dict(sorted(spread.items())))


def unpack_spread(packed: bytes) -> dict[int, int]:
    """The distribution that was packed."""
    return _BUCKETS.decode(packed)


def percentile(spread: Mapping[int, int], quantile: float) -> float | None:
    """The value, within its bucket's accuracy, that has the nearest rank; None of no values."""
    total = sum(spread.values())
    if not total:
        return None
    share = Fraction(str(quantile)).limit_denominator(FINEST_QUANTILE)
    so_far = 0
    for bucket in sorted(spread):
        so_far += spread[bucket]
        if so_far * share.denominator >= total * share.numerator:
            return representative(bucket)
    raise AssertionError("a share above 1")  # Measure does not let one through


def portable(values: "array[int]") -> "array[int]":
    """The same numbers with the least byte first, whatever the machine's own order; and back."""
    if sys.byteorder == "big":
        values.byteswap()
    return values
