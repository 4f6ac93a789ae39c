"""What a filter's value becomes for an engine: of ranges, disjoint ones in their order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import Invalid
from exporter.storage.operands import operands
from exporter.storage.query import Filter, Operator

RANGES: dict[str, tuple[Any, Any]] = {
    "none": ((), []),
    "in order": (((5, 6), (1, 2)), [(1, 2), (5, 6)]),
    "that meet": (((2, 3), (1, 2)), [(1, 3)]),
    "that overlap": (((1, 4), (2, 6), (5, 7)), [(1, 7)]),
    "one in another": (((1, 9), (2, 3), (8, 10)), [(1, 10)]),
    "empty and reversed": (((1, 1), (3, 2)), []),
    "from or to nothing": (((None, 1), (1, None), (2, 3)), [(2, 3)]),
}


def ranges_of(value: Any) -> Any:
    """The ranges of a filter whose engine compares with tenths."""
    return operands(Filter("field", Operator.WITHIN, value), lambda number: number * 10)


@pytest.mark.parametrize(("value", "expected"), RANGES.values(), ids=RANGES)
def test_ranges_are_disjoint_and_in_order(value: Any, expected: Any) -> None:
    assert ranges_of(value) == [(start * 10, end * 10) for start, end in expected]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_joined_ranges_hold_for_what_the_ranges_hold_for(ranges: list[tuple[int, int]]) -> None:
    joined = ranges_of(tuple(ranges))
    for number in range(21):
        holding = [pair for pair in joined if pair[0] <= number * 10 < pair[1]]
        assert len(holding) == any(start <= number < end for start, end in ranges)


@pytest.mark.parametrize("value", [None, 1, (1, 2), ((1,),), ([1, 2],), "ab", ("ab",)])
def test_what_is_no_tuple_of_pairs_is_invalid(value: Any) -> None:
    with pytest.raises(Invalid, match="pairs of a start and an end") as raised:
        ranges_of(value)
    assert [problem.path for problem in raised.value.details] == ["field"]


def test_one_and_several_are_converted_where_they_are_not_none() -> None:
    assert operands(Filter("field", Operator.GT, None), str) is None
    assert operands(Filter("field", Operator.GT, 1), str) == "1"
    assert operands(Filter("field", Operator.IN, (1, None)), str) == ["1", None]
