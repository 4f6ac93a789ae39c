"""The cases, in the order of the table: one module each."""

from ..case import Case
from . import (
    analyst,
    applying,
    batches,
    exposition,
    levels,
    mongodb,
    reading,
    redis,
    refreshing,
    replicas,
    scraped,
    series_memory,
    single,
    slow_disk,
    soak,
    starting,
)

CASES: tuple[Case, ...] = (
    single.CASE,
    slow_disk.CASE,
    batches.CASE,
    exposition.CASE,
    scraped.CASE,
    series_memory.CASE,
    applying.CASE,
    mongodb.CASE,
    starting.CASE,
    levels.CASE,
    redis.CASE,
    replicas.CASE,
    reading.CASE,
    analyst.CASE,
    refreshing.CASE,
    soak.CASE,
)
