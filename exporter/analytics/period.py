"""The period that a question is about, and the records that lie in it."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from ..access.principal import Scope
from ..family import Family
from ..intervals import Interval
from ..storage.query import Filter, Operator, Where, between, equals

HOURLY_UP_TO = timedelta(hours=48)
"""The longest period whose time series are by the hour; those of longer ones are by the day."""

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before every event that can be kept."""

OF_A_USER = Filter("userId", Operator.NE, None)
"""The filter for records that belong to somebody."""


class Period(Struct, frozen=True):
    """The moments start ≤ t < end, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The time from the start to the end."""
        return self.end - self.start

    @property
    def before(self) -> "Period":
        """The period of the same length that ends where this one starts."""
        return Period(self.start - self.length, self.start)

    @property
    def interval(self) -> Interval:
        """The interval of a time series over this period."""
        return "hour" if self.length <= HOURLY_UP_TO else "day"

    def holds(self, field: str) -> Where:
        """The filters for records whose `field` lies in the period."""
        return between(field, self.start, self.end)


def up_to(end: datetime) -> Period:
    """All that is kept from before `end`."""
    return Period(BEGINNING, end)


def scope_filters(scope: Scope | None) -> Where:
    """The filters that keep a question within `scope`.

    None is every tenant: for gauges about the whole service, never for a caller.
    """
    if scope is None:
        return ()
    tenant = equals("tenantId", scope.tenant)
    return (tenant,) if scope.user is None else (tenant, equals("userId", scope.user))


def select(family: Family, scope: Scope | None, period: Period, where: Where = ()) -> Where:
    """The filters for a family's records within `scope` and `period` for which `where` holds."""
    return (*scope_filters(scope), *period.holds(family.time_field), *where)
