"""The pretended past: how much of it there is, that it repeats, and that it is believable."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

import pytest

from exporter.clock import epoch_ms
from exporter.demo import calls, product
from exporter.demo.command import history
from exporter.demo.history import DAY, HOUR, History, sequence
from exporter.demo.people import Population
from exporter.demo.sessions import Event
from exporter.records import TRACKED
from exporter.settings import Settings

from .conftest import read

NOW = epoch_ms(datetime(2026, 3, 18, 14, 25, tzinfo=UTC))  # a Wednesday


def past(days: int = 14, events: int = 4_000, *, now: int = NOW, seed: int = 1, users: int = 200):
    made = history(Settings(), Population(seed, users), days, events, now)
    return list(chain.from_iterable(made.days()))


def named(events: Iterable[Event]) -> set[str]:
    return {repr(event) for event in events}


def test_the_same_seed_and_time_make_the_same_events():
    assert past() == past()


def test_another_seed_makes_other_events():
    assert not named(past()) & named(past(seed=2))


def test_within_the_hour_a_second_run_makes_the_same_events():
    assert past(now=NOW) == past(now=NOW + 30 * 60_000)


def test_a_run_on_another_day_makes_mostly_the_events_of_the_first_where_both_look():
    earlier, later = past(now=NOW), past(now=NOW + DAY)
    both = [event for event in later if event.at < NOW - HOUR and event.at > NOW - 13 * DAY]
    assert len(named(both) - named(earlier)) < 0.05 * len(both)


def test_asking_for_more_events_keeps_the_ones_there_were():
    assert named(past(events=2_000)) <= named(past(events=4_000))


@pytest.mark.parametrize(
    ("days", "events", "users"), [(1, 1, 1), (7, 1_000, 50), (90, 3_000, 300), (365, 2_000, 20)]
)
def test_there_are_exactly_as_many_events_as_were_asked_for(days, events, users):
    made = past(days, events, users=users)
    assert len(made) == events
    assert all(event.at < NOW for event in made)


def test_every_event_is_one_that_the_service_accepts():
    for event in past(30, 6_000, users=2_000):
        body = calls.past(event)
        document = read(body.pop("kind"), body)
        assert document.user_id


def test_keys_are_unique():
    keys = {family.kind: family.key for family in TRACKED}
    made = [event for event in past() if event.kind in calls.KEYED]
    assert len({(event.kind, event.body[keys[event.kind]]) for event in made}) == len(made)


def test_nothing_is_older_than_its_familys_retention_nor_will_be_in_an_hour():
    settings = Settings(metrics_retention_days=20, performance_retention_days=5)
    made = history(settings, Population(1, 200), 60, 6_000, NOW).days()
    kept = {family.kind: family.kept_for(settings) for family in TRACKED}
    oldest: dict[str, int] = {}
    for event in chain.from_iterable(made):
        oldest[event.kind] = min(event.at, oldest.get(event.kind, event.at))
    assert oldest.keys() == kept.keys()
    for kind, at in oldest.items():
        assert timedelta(milliseconds=NOW + HOUR - at) < kept[kind]
    assert oldest["sale"] < NOW - 55 * DAY


def test_a_part_of_a_day_is_played_out_within_its_hours():
    start = NOW // DAY * DAY + 9 * HOUR + HOUR // 2
    made = History(
        Population(1, 50), start, start + 2 * HOUR, 200, dict.fromkeys(product.KIND_SHARES, 0)
    )
    events = list(chain.from_iterable(made.days()))
    assert len(events) == 200
    assert all(start <= event.at < start + 2 * HOUR for event in events)


def test_a_days_events_come_in_their_order():
    for day in history(Settings(), Population(1, 100), 5, 1_000, NOW).days():
        times = [event.at for event in day]
        assert times == sorted(times)


def test_the_shares_of_the_kinds_are_about_what_the_table_says():
    made = Counter(event.kind for event in past(28, 20_000, users=1_500))
    for kind, share in product.KIND_SHARES.items():
        assert made[kind] / 20_000 == pytest.approx(share, abs=0.05), kind


def test_nights_and_weekends_are_quiet():
    made = past(28, 20_000)
    hours = Counter(event.at % DAY // HOUR for event in made)
    assert hours[14] > 4 * hours[3]
    days = Counter(event.at // DAY for event in made)
    sunday = epoch_ms(datetime(2026, 3, 15, tzinfo=UTC)) // DAY
    assert days[sunday] < 0.75 * days[sunday - 4]


def test_people_come_back_and_others_do_not():
    weeks: dict[str, set[int]] = {}
    for event in past(56, 20_000):
        weeks.setdefault(event.body["userId"], set()).add(event.at // (7 * DAY))
    returned = sum(len(seen) > 1 for seen in weeks.values())
    assert 0.2 < returned / len(weeks) < 0.9


def test_there_is_something_of_everything_that_the_numbers_are_made_of():
    made = past(60, 20_000, users=2_000)
    sales = [event.body for event in made if event.kind == "sale"]
    assert {"subscription", "upgrade", "purchase"} == {body["type"] for body in sales}
    assert {"completed", "failed", "refunded"} == {body["status"] for body in sales}
    assert {"USD", "EUR", "GBP"} == {body["currency"] for body in sales}
    assert {plan.name for plan in product.PAID_PLANS} < {body["plan"] for body in sales}
    subscriptions = [body["subscription"] for body in sales if "subscription" in body]
    assert any("trialEnd" in one for one in subscriptions)
    assert any(one["interval"] == "yearly" for one in subscriptions)
    assert any(not one["autoRenew"] for one in subscriptions)
    requests = [event for event in made if event.kind == "ai_request"]
    assert {"completed", "failed", "cancelled"} == {one.body["status"] for one in requests}
    assert {model.name for model in product.MODELS} == {one.body["model"] for one in requests}
    assert {1, 2, 3, 4, 5} == {one.rating for one in requests if one.rating}
    assert any("cost" not in one.body and "tokens" in one.body for one in requests)
    statuses = Counter(e.body["statusCode"] for e in made if e.kind == "performance")
    assert statuses[503] > 0
    assert statuses[500] > 0
    assert statuses[404] > 0
    events = {event.body["event"] for event in made if event.kind == "engagement"}
    assert {"signup", "login", "logout", "search", "page_view", "checkout_started"} <= events
    assert len({event.user_agent for event in made}) == len(product.DEVICES)


def test_a_paying_user_is_on_their_plan_until_they_leave_it():
    people = [
        person
        for day in range(20_000, 20_060)
        for person in Population(3, 500).joined_on(day)
        if person.payments
    ]
    assert people
    for person in people:
        first = min(person.payments)
        assert person.plan_on(first - 1) == "free"
        assert person.plan_on(first) == person.payments[first].plan.name
        assert not person.renews_on(first)
        last_day, last = max(person.payments.items(), key=lambda one: one[0])
        assert last_day == first or person.renews_on(last_day)
        if last.last:
            assert person.plan_on(last_day + 30) == "free"


def test_about_as_many_users_are_there_as_were_asked_for():
    crowd = Population(5, 1_000).on(20_500)
    assert len(crowd.people) == pytest.approx(1_000, rel=0.1)


def test_a_population_of_one_has_somebody_every_day():
    population = Population(7, 1)
    for day in range(20_000, 20_030):
        assert next(sequence(population, day)).body["userId"]


def test_a_days_sequence_is_without_end_and_each_time_the_same():
    first = list(islice(sequence(Population(1, 5), 20_000), 3_000))
    assert first == list(islice(sequence(Population(1, 5), 20_000), 3_000))
    assert len(first) == 3_000
