"""Hysteresis: when an alert begins, and when it is over. Pure, and the same for all evaluators."""

from datetime import datetime
from enum import Enum

from .evaluators import Evaluator
from .symptoms import Symptom


class Verdict(Enum):
    """What becomes of an evaluator's alert; there is at most one at a time."""

    NOTHING = "nothing"
    BEGINS = "begins"
    LASTS = "lasts"
    ENDS = "ends"


def judge(
    evaluator: Evaluator,
    symptom: Symptom | None,
    calm_since: datetime | None,
    now: datetime,
    *,
    burning: bool,
) -> tuple[Verdict, datetime | None]:
    """The verdict, and since when it has been calm, None while it is not.

    Without a symptom nothing is known, and everything stays as it is.
    """
    if symptom is None:
        return (Verdict.LASTS if burning else Verdict.NOTHING), calm_since
    if not burning:
        begins = symptom.value > evaluator.limit and symptom.enough
        return (Verdict.BEGINS if begins else Verdict.NOTHING), None
    if symptom.value > evaluator.calm:
        return Verdict.LASTS, None
    since = calm_since or now
    return (Verdict.ENDS, None) if now - since >= evaluator.calm_for else (Verdict.LASTS, since)
