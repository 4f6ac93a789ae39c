"""The documents of rollups: every rollup of every family has its place in them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.engine import STORED
from exporter.family import Family, Rollup
from exporter.fields import Money
from exporter.intervals import HOUR
from exporter.records import SALE
from exporter.rollups import documents
from exporter.rollups.documents import LEVELS, Kept, column, kept, key_of
from exporter.rollups.families import DERIVED
from exporter.rollups.sources import SUBJECTS
from exporter.storage.query import Find

from ..recording import NOW
from .rolling import Rolling

FAMILIES = [subject.family for subject in SUBJECTS.values()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_every_number_of_every_rollup_is_a_field_that_may_be_asked_for(family: Family) -> None:
    for level in LEVELS:
        derived = kept(family).levels[level]
        for rollup in family.rollups:
            assert {*map(column, rollup.by)} <= {*derived.dimensions}
            assert {
                *map(documents.total, rollup.sums),
                *map(documents.present, rollup.sums),
                *map(documents.least, rollup.extremes),
                *map(documents.greatest, rollup.extremes),
            } <= {*derived.measures}
            packed = {*map(documents.spread, rollup.spreads)}
            packed |= {*map(documents.members, rollup.members)}
            assert packed <= {*derived.dimensions}
        assert not any("." in name for name in derived.leaves)


def test_the_rollups_of_a_family_have_names_of_their_own() -> None:
    for family in FAMILIES:
        names = [rollup.name for rollup in family.rollups]
        assert len(names) == len({*names})


def test_everything_that_is_stored_has_a_collection_of_its_own() -> None:
    collections = [family.collection for family in STORED]
    assert len(collections) == len({*collections})
    assert {family.collection for family in DERIVED} <= {*collections}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
async def test_documents_of_every_level_are_stored_as_they_are(
    family: Family, rolled: Rolling
) -> None:
    schema = kept(family).schema
    common = {"tenantId": "acme", "key": "k", "rollup": family.rollups[0].name, "time": NOW}
    document = schema(**common, count=3)
    for derived in kept(family).levels.values():
        await rolled.engine.put(derived, (), [document])
        assert await rolled.engine.find(Find(derived)) == [document]


def test_sums_of_money_are_money() -> None:
    rollup = Rollup(name="all", sums=("amount",), extremes=("amount",))
    leaves = Kept(replace(SALE, rollups=(rollup,))).levels["day"].leaves
    assert leaves["amount_sum"] == leaves["amount_max"] == Money | None
    assert leaves["amount_present"] == documents.Count | None


VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "0", "a", "true"])
KEYS = st.tuples(
    st.sampled_from([Rollup(name="one"), Rollup(name="other")]),
    st.sampled_from([NOW, NOW + HOUR]),
    st.tuples(VALUES, VALUES),
)


def same(one: Any, other: Any) -> bool:
    """Whether two keys are of the same: 1 and True are not."""
    return repr(one) == repr(other)


@given(one=KEYS, other=KEYS)
def test_keys_are_the_same_for_the_same_alone(one: Any, other: Any) -> None:
    assert (key_of(*one) == key_of(*other)) == same(one, other)


@given(
    one=st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),
    days=st.integers(1, 1000),
    group=st.tuples(VALUES),
)
def test_keys_are_in_the_order_of_time(one: datetime, days: int, group: tuple[Any, ...]) -> None:
    rollup = Rollup(name="one", by=("model",))
    assert key_of(rollup, one, group) < key_of(rollup, one + timedelta(days=days), group[::-1])
