"""The time, as the service sees it: UTC, to the millisecond, and replaceable in tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """The present moment in UTC, cut to the millisecond, which is what both stores keep."""
    return datetime.fromtimestamp(time_ns() // 1_000_000 / 1000, UTC)


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` without its microseconds beyond the millisecond (cut, never rounded up)."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds from 1970-01-01T00:00:00Z to an aware `moment`."""
    return (moment - EPOCH) // _MILLISECOND


def from_epoch_ms(milliseconds: int) -> datetime:
    """The UTC moment that `epoch_ms` made `milliseconds` of."""
    return EPOCH + milliseconds * _MILLISECOND


def rfc3339(moment: datetime) -> str:
    """A time as the contract spells it: `2026-01-31T08:15:30.123Z`."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
