"""Which questions rollups answer, and which are left to the records."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.family import Family
from exporter.intervals import DAY, HOUR
from exporter.records import AI_REQUEST, ENGAGEMENT, SALE
from exporter.records.incident import INCIDENT
from exporter.rollups.question import BEGINNING, question, split_period
from exporter.rollups.wanted import Distribution, number
from exporter.storage.query import (
    Aggregation,
    Filter,
    Function,
    LogBucket,
    Measure,
    Operator,
    TimeBucket,
    between,
    equals,
    within,
)

from ..recording import NOW
from .questions import ACME, QUESTIONS, N, every, p

PERIOD = between("createdAt", NOW - DAY, NOW)
COST = Measure("cost", Function.SUM, "cost")
SUM_AND_COUNT = (Function.SUM, Function.COUNT)


def requests(*where: Filter, measures: Any = (N,), by: Any = (), **options: Any) -> Aggregation:
    """A question about AI requests."""
    return Aggregation(AI_REQUEST, measures, where, by, **options)


@pytest.mark.parametrize("name", QUESTIONS)
def test_rollups_answer_what_they_are_declared_for(name: str) -> None:
    asked = QUESTIONS[name]
    assert (question(asked.during(NOW - DAY, NOW)) is not None) == asked.covered


REFUSED: dict[str, Aggregation] = {
    "no end": requests(Filter("createdAt", Operator.GTE, NOW)),
    "no period": requests(),
    "ranges of time": requests(within("createdAt", [(NOW - DAY, NOW)])),
    "after a moment": requests(Filter("createdAt", Operator.GT, NOW), *PERIOD),
    "up to a moment, with it": requests(Filter("createdAt", Operator.LTE, NOW)),
    "by the moment": requests(*PERIOD, by=("createdAt",)),
    "by two times": requests(*PERIOD, by=(TimeBucket("hour"), TimeBucket("day", name="day"))),
    "by another time": Aggregation(SALE, (N,), PERIOD, (TimeBucket("day", "completedAt"),)),
    "by logarithm": requests(*PERIOD, by=(LogBucket("durationMs"),)),
    "no number": requests(*PERIOD, measures=(), by=("model",)),
    "a field that no rollup has": requests(*PERIOD, by=("language",)),
    "a filter that no rollup has": requests(*PERIOD, equals("projectId", "p")),
    "a condition that no rollup has": requests(
        *PERIOD, measures=(Measure("n", where=(equals("projectId", "p"),)),)
    ),
    "a condition on the time": requests(
        *PERIOD, measures=(Measure("n", where=between("createdAt", NOW - HOUR, NOW)),)
    ),
    "a sum that is not kept": requests(*PERIOD, measures=(N, *every("queueTimeMs"))),
    "an extreme that is not kept": requests(*PERIOD, measures=every("cost", Function.MAX)),
    "a percentile that is not kept": requests(*PERIOD, measures=(p(0.5, "cost"),)),
    "a set that is not kept": requests(
        *PERIOD, measures=(Measure("n", Function.DISTINCT, "sessionId"),)
    ),
    "labels of different rollups": Aggregation(
        ENGAGEMENT,
        (N,),
        (*between("timestamp", NOW - DAY, NOW), equals("page", "/a")),
        ("origin.os",),
    ),
    "a family without rollups": Aggregation(INCIDENT, (N,), between("startedAt", NOW - DAY, NOW)),
    "a period of two times": Aggregation(
        SALE, (N,), (*PERIOD, *between("completedAt", NOW - DAY, NOW))
    ),
    "numbers by different times": Aggregation(
        SALE,
        (N, Measure("refunds", Function.SUM, "refunds")),
        between("completedAt", NOW - DAY, NOW),
    ),
}
"""What is left to the records, by why."""


@pytest.mark.parametrize("why", REFUSED)
def test_everything_else_is_left_to_the_records(why: str) -> None:
    assert question(REFUSED[why]) is None


def test_a_period_is_the_narrowest_that_filters_leave() -> None:
    where = (*PERIOD, ACME, Filter("createdAt", Operator.LT, NOW - HOUR))
    assert split_period(where, "createdAt") == ((NOW - DAY, NOW - HOUR), (ACME,))
    assert split_period(between("createdAt", NOW, NOW - HOUR), "createdAt") == ((NOW, NOW), ())
    to_now = (Filter("createdAt", Operator.LT, NOW),)
    assert split_period(to_now, "createdAt") == ((BEGINNING, NOW), ())


@pytest.mark.parametrize(
    ("interval", "level"), [("hour", "hour"), ("day", "day"), ("week", "day"), ("month", "month")]
)
def test_the_longest_level_is_that_of_what_is_grouped_by(interval: Any, level: str) -> None:
    found = question(requests(*PERIOD, by=(TimeBucket(interval), "model")))
    assert found is not None
    assert found.longest == level


def test_each_number_is_collected_once_by_the_first_rollup_that_has_it() -> None:
    measures = (N, COST, *every("cost"), p(0.5, "durationMs"), p(0.9, "durationMs"))
    found = question(requests(*PERIOD, measures=measures))
    assert found is not None
    assert {share.rollup.name for share in found.shares} == {"status", "models"}
    status, models = (share.wanted for share in found.shares)
    assert status == [number(Function.COUNT), *(number(of, "cost") for of in SUM_AND_COUNT)]
    assert models == [Distribution("durationMs")]


def test_rollups_answer_over_nothing_as_records_do() -> None:
    measures = (N, *every("cost"), p(0.5, "durationMs"))
    found = question(requests(*PERIOD, measures=measures))
    assert found is not None
    assert found.rows({"status": {}, "models": {}}) == [
        {"n": 0, "count cost": 0, "sum cost": 0, "avg cost": None, "p0.5": None, "exact": False}
    ]
    assert found.period == (NOW - timedelta(days=1), NOW)


def test_a_family_may_have_a_time_bucket_under_its_own_name() -> None:
    family: Family = AI_REQUEST
    bucket = TimeBucket("day", field=family.time_field, name="day")
    assert question(requests(*PERIOD, by=(bucket,))) is not None
