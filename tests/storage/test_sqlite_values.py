"""How fields are kept in columns: which numbers are small enough to be added up as they are."""

from typing import Annotated, Any

import pytest
from msgspec import Meta

from exporter.storage.sqlite_values import COUNTED, COUNTER, INTEGER, form_of


@pytest.mark.parametrize("declared", [Annotated[int, Meta(le=COUNTED)], Annotated[int, Meta(le=7)]])
def test_numbers_that_are_declared_to_be_small_are_counters(declared: Any) -> None:
    assert form_of(declared) is form_of(declared | None) is COUNTER


@pytest.mark.parametrize(
    "declared", [int, Annotated[int, Meta(ge=0)], Annotated[int, Meta(le=2**41)]]
)
def test_numbers_that_may_be_large_are_not(declared: Any) -> None:
    assert form_of(declared) is form_of(declared | None) is INTEGER


def test_a_field_that_becomes_a_counter_is_stored_as_before() -> None:
    assert COUNTER.name == INTEGER.name
    assert COUNTER.sql == INTEGER.sql
