"""Sets and distributions, as bytes and back."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.rollups import sets
from exporter.rollups.remembered import Remembered
from exporter.rollups.sets import (
    Members,
    Spreads,
    hashed,
    pack_members,
    pack_spread,
    percentile,
    unpack_members,
    unpack_spread,
)
from exporter.storage.log_buckets import ACCURACY, SMALLEST, bucket_of

HASHES = st.sets(st.integers(0, 2**64 - 1))
QUANTILES = st.integers(0, 1000).map(lambda number: number / 1000)


@given(members=HASHES)
def test_a_set_is_unpacked_as_it_was_packed(members: set[int]) -> None:
    packed = pack_members(members)
    assert len(packed) == 8 * len(members)
    assert list(unpack_members(packed)) == sorted(members)


@given(spread=st.dictionaries(st.integers(-1000, 1000), st.integers(1, 2**40)))
def test_a_distribution_is_unpacked_as_it_was_packed(spread: dict[int, int]) -> None:
    assert unpack_spread(pack_spread(spread)) == spread


def test_the_same_is_packed_the_same() -> None:
    assert pack_members([3, 1, 2]) == pack_members([2, 3, 1])
    assert pack_spread({2: 1, 1: 5}) == pack_spread({1: 5, 2: 1})


def test_every_machine_packs_the_least_byte_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pack_members([1, 256]) == bytes([1, *[0] * 7, 0, 1, *[0] * 6])
    monkeypatch.setattr("sys.byteorder", "big")  # as it is, all bytes are where they are not there
    assert pack_members([1]) == bytes([*[0] * 7, 1])
    assert list(unpack_members(pack_members([1, 256]))) == [1, 256]


def test_hashes_are_of_64_bits_and_of_the_text() -> None:
    assert hashed("ada") == hashed("ada") != hashed("bob")
    assert len({hashed(f"user {number}") for number in range(10_000)}) == 10_000
    assert all(0 <= hashed(number) < 2**64 for number in range(100))
    assert hashed(7) == hashed("7")


@given(parts=st.lists(HASHES, max_size=4), values=st.sets(st.integers(0, 50)))
def test_a_set_of_several_has_what_any_of_them_has(parts: list[set[int]], values: set[int]) -> None:
    members = Members()
    for part in parts:
        members.include(pack_members(part))
    for value in values:
        members.add(value)
    together = set().union(*parts, map(hashed, values))
    assert len(members) == len(together)
    assert members.packed() == pack_members(together)
    assert members.hashes() == together
    assert len(members) == len(together)  # as often as somebody asks
    assert members.packed() == pack_members(together)


@given(
    parts=st.lists(HASHES.filter(bool), min_size=2, max_size=4),
    added=st.sets(st.integers(0, 50)),
    known=st.integers(0, 3),
    worth=st.sampled_from((0, 2, 1_000)),
)
def test_what_was_put_together_is_known_by_what_it_was_made_of(
    parts: list[set[int]], added: set[int], known: int, worth: int
) -> None:
    values = {hashed(value) for value in added}
    parts[-1] |= {value for value in values if value % 2}  # some are in a packed set as well
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "FEW", 1)
        patch.setattr(sets, "WORTH_A_SEARCH", worth)  # searched, or gone through
        patch.setattr(sets, "_sizes", Remembered(2))
        for some in (parts, parts[:known] or parts, parts, parts[::-1]):
            members = Members()
            for part in some:
                members.include(pack_members(part))
            for value in added:
                members.add(value)
            assert len(members) == len(values.union(*some))


def test_unions_of_sets_that_differ_by_one_value_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sets, "FEW", 1)
    monkeypatch.setattr(sets, "_sizes", Remembered(2))
    even = {*range(0, 400, 2)}
    for one in (even, even - {100} | {101}):
        members = Members()
        members.include(pack_members(one))
        members.include(pack_members({101}))
        assert len(members) == len(one | {101})


@given(parts=st.lists(HASHES, min_size=2, max_size=5))
def test_large_sets_are_put_together_by_ranges(parts: list[set[int]]) -> None:
    members, together = Members(), set().union(*parts)
    for part in parts:
        members.include(pack_members(part))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "FEW", 1)
        patch.setattr(sets, "IN_CACHE", 2)
        assert len(members) == len(together)
        assert members.packed() == pack_members(together)


SPREADS = st.dictionaries(st.integers(-1000, 1000), st.integers(1, 2**30), max_size=5)


@given(parts=st.lists(st.tuples(SPREADS, st.integers(1, 3)), max_size=4), counts=SPREADS)
def test_a_distribution_of_several_is_their_sum(
    parts: list[tuple[dict[int, int], int]], counts: dict[int, int]
) -> None:
    spreads, together = Spreads(), Counter(counts)
    for part, times in parts:
        spreads.include(pack_spread(part), times)
        for _ in range(times):
            together.update(part)
    for bucket, count in counts.items():
        spreads.add(bucket, count)
    assert spreads.counts() == together
    assert spreads.counts() == together
    assert spreads.packed() == pack_spread(together)


@given(values=st.lists(st.just(0.0) | st.floats(SMALLEST, 1e12), min_size=1), quantile=QUANTILES)
def test_percentiles_are_within_their_accuracy(values: list[float], quantile: float) -> None:
    found = percentile(Counter(map(bucket_of, values)), quantile)
    rank = max(1, math.ceil(round(quantile * 1000) * len(values) / 1000))
    nearest = sorted(values)[rank - 1]
    assert found == pytest.approx(nearest, rel=ACCURACY * (1 + 1e-9), abs=0)


def test_of_no_values_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) is None
