"""When an alert begins and when it is over."""

from datetime import datetime, timedelta

import pytest

from exporter.alerts.evaluators import REPLICA_EVALUATORS
from exporter.alerts.hysteresis import Verdict, judge
from exporter.alerts.symptoms import Symptom

from ..conftest import NOW

DISK = REPLICA_EVALUATORS[1]
BEFORE = NOW - timedelta(minutes=1)
LONG_AGO = NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("value", "enough", "verdict"),
    [
        (90.1, True, Verdict.BEGINS),
        (90.1, False, Verdict.NOTHING),
        (90.0, True, Verdict.NOTHING),
        (0.0, True, Verdict.NOTHING),
    ],
)
def test_it_begins_above_the_limit_where_there_is_enough(
    value: float, enough: bool, verdict: Verdict
) -> None:
    symptom = Symptom(value, "", enough)
    assert judge(DISK, symptom, None, NOW, burning=False) == (verdict, None)


@pytest.mark.parametrize(
    ("value", "calm_since", "expected"),
    [
        (85.1, None, (Verdict.LASTS, None)),
        (85.1, LONG_AGO, (Verdict.LASTS, None)),
        (85.0, None, (Verdict.LASTS, NOW)),
        (0.0, BEFORE, (Verdict.LASTS, BEFORE)),
        (85.0, LONG_AGO, (Verdict.ENDS, None)),
    ],
)
def test_it_ends_when_it_was_calm_for_long_enough(
    value: float, calm_since: datetime | None, expected: tuple[Verdict, datetime | None]
) -> None:
    symptom = Symptom(value, "", enough=False)
    assert judge(DISK, symptom, calm_since, NOW, burning=True) == expected


@pytest.mark.parametrize(("burning", "verdict"), [(True, Verdict.LASTS), (False, Verdict.NOTHING)])
def test_without_a_symptom_everything_stays_as_it_is(burning: bool, verdict: Verdict) -> None:
    assert judge(DISK, None, LONG_AGO, NOW, burning=burning) == (verdict, LONG_AGO)
