"""Buckets of numbers by their logarithm: what quantiles are told from, within 2 %, once counted.

Counts of the same bucket add up, so that the quantiles of a month are told from the counts of its
hours. The buckets are those of DDSketch (Masson, Rim and Lee: "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", PVLDB 12(12), 2019). Bucket n has the numbers from
GAMMA**(n-1), which is not one of them, to GAMMA**n.
"""

import math

ACCURACY = 0.02
"""By what share of a number its bucket's representative may be off."""

GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GAMMA = math.log(GAMMA)

SMALLEST = 1e-6
"""What is smaller counts as zero; negative numbers do, too."""

ZERO_BUCKET = -1_000
"""The bucket of what is smaller than SMALLEST; every other one is larger than this."""


def bucket_of(value: float) -> int:
    """The number of the bucket that a finite number lies in."""
    if value < SMALLEST:
        return ZERO_BUCKET
    return math.ceil(math.log(value) / LOG_GAMMA)


def representative(bucket: int) -> float:
    """The number that stands for all of a bucket: off by ACCURACY at its two ends, and less
    between them."""
    if bucket == ZERO_BUCKET:
        return 0.0
    return float(2 * GAMMA**bucket / (GAMMA + 1))
