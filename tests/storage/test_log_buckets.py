"""Logarithmic buckets: which one a number lies in, and how close what stands for it is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.storage.log_buckets import (
    ACCURACY,
    GAMMA,
    SMALLEST,
    ZERO_BUCKET,
    bucket_of,
    representative,
)

ROUNDING = 1e-12
"""What logarithms and powers in floating point may add."""


@given(st.floats(SMALLEST, 1e18))
def test_what_stands_for_a_bucket_is_within_the_accuracy_of_its_numbers(value: float) -> None:
    found = representative(bucket_of(value))
    assert abs(found - value) <= value * (ACCURACY + ROUNDING)


@given(st.floats(0, 1e18), st.floats(0, 1e18))
def test_a_larger_number_is_in_no_smaller_bucket(one: float, other: float) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other
    assert (representative(bucket_of(one)) <= representative(bucket_of(other))) or one > other


@pytest.mark.parametrize(
    ("value", "bucket"),
    [
        (-5.0, ZERO_BUCKET),
        (0, ZERO_BUCKET),
        (math.nextafter(SMALLEST, 0), ZERO_BUCKET),
        (SMALLEST, -345),
        (0.97, 0),
        (1, 0),
        (1.04, 1),
        (1.05, 2),
        (100, 116),
        (1e15, 864),
    ],
)
def test_a_number_is_in_the_bucket_worked_out_by_hand(value: float, bucket: int) -> None:
    """GAMMA is 1.02 / 0.98, its logarithm 0.040005…; that of 100 is 4.605…, 115.1 times as much."""
    assert bucket_of(value) == bucket


def test_what_stands_for_a_bucket_is_as_far_from_either_end() -> None:
    assert representative(0) == pytest.approx(1 - ACCURACY)
    assert representative(0) == pytest.approx(1 / GAMMA * (1 + ACCURACY))
    assert representative(ZERO_BUCKET) == 0.0
