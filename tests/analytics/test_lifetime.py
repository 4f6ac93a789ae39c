"""What customers spent so far, and what one may come to be worth, worked out by hand."""

from datetime import timedelta
from decimal import Decimal

from exporter.analytics.lifetime import lifetime_value
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, DAY, NOW, TENANT, Recorder, sale, subscription, utc

HOUR = timedelta(hours=1)


async def test_what_a_user_spent_so_far(record: Recorder, store: RolledStore) -> None:
    await record(
        sale("10", created_at=NOW - 300 * DAY),
        sale("20", created_at=NOW - 10 * DAY),
        sale("6", "credit", created_at=NOW - 9 * DAY),
        sale("99", status="failed"),
        sale("1000", user_id="bob"),
    )
    (value,) = (await lifetime_value(store, ADA, NOW, NOW)).values()
    assert (value.customers, value.transactions, value.spent) == (1, 2, 24)
    assert (value.average_order, value.average_per_customer) == (15, 24)
    assert value.first_purchase == NOW - 300 * DAY
    assert value.last_purchase == NOW - 10 * DAY


async def test_what_the_users_of_a_tenant_spent(record: Recorder, store: RolledStore) -> None:
    await record(
        sale("10"),
        sale("30", user_id="bob"),
        sale("5", currency="EUR", user_id="bob"),
        sale("1000", user_id=None),
        sale("7", tenant_id="globex"),
    )
    found = await lifetime_value(store, TENANT, NOW, NOW)
    assert {
        currency: (value.customers, value.spent, value.average_per_customer)
        for currency, value in found.items()
    } == {"EUR": (1, 5, 5), "USD": (2, 40, 20)}


async def test_lifetime_ends_before_its_moment(record: Recorder, store: RolledStore) -> None:
    await record(sale("10", created_at=NOW - HOUR), sale("3", "refund", created_at=NOW))
    (value,) = (await lifetime_value(store, TENANT, NOW, NOW)).values()
    assert value.spent == 10
    assert await lifetime_value(store, TENANT, NOW - HOUR, NOW) == {}
    assert await lifetime_value(store, TENANT, NOW, NOW, (equals("plan", "other"),)) == {}


async def test_what_a_customer_may_come_to_be_worth(record: Recorder, store: RolledStore) -> None:
    """Three customers a month ago, of whom one is lost: a customer stays for three months. Two
    users paid 100 less 20 in the month: 40 each. 40 x 3 = 120."""
    began = {"created_at": utc(2026, 2, 10)}
    ends = {"start_date": utc(2026, 2, 10), "end_date": utc(2027, 2, 10)}
    await record(
        subscription("10", user_id="a", **began, terms=ends),
        subscription("10", user_id="b", **began, terms=ends),
        subscription("10", user_id="c", **began),
        sale("70", user_id="a"),
        sale("30", user_id="d"),
        sale("20", "refund", user_id="a"),
        sale("9", user_id="e", currency="EUR"),
    )
    found = await lifetime_value(store, TENANT, NOW, NOW)
    assert found["USD"].predicted == Decimal(120)
    assert found["EUR"].predicted is None
    assert (await lifetime_value(store, ADA, NOW, NOW)) == {}


async def test_without_churn_nothing_is_predicted(record: Recorder, store: RolledStore) -> None:
    await record(subscription("10", created_at=NOW - 10 * DAY))
    assert (await lifetime_value(store, TENANT, NOW, NOW))["USD"].predicted is None
