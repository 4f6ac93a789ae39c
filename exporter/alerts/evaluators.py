"""The evaluators: what is wrong, from when on, and until when, as data.

They are for installations without Prometheus, whose rules know more. Where both look for the same,
they have its rule's name, and so its section of the runbook.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ..records.alert import Severity
from ..settings import Settings
from . import symptoms
from .symptoms import Symptom, View

RUNBOOK = "https://github.com/meterhouse/meterhouse/blob/main/docs/runbook.md"

Look = Callable[[View], Awaitable[Symptom | None]]
"""Gives what it found, None where that cannot be judged just now."""


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """One kind of alert.

    limit: an alert begins where the value is above it, and there is enough behind it.
    calm: the value is calm at this and below; in between, what is stays.
    calm_for: the time for which it has to be calm until the alert ends.
    unit: of the value, for people. advice: what to look at first.
    """

    name: str
    look: Look
    limit: float
    calm: float
    unit: str
    severity: Severity
    category: str
    title: str
    advice: str
    calm_for: timedelta = timedelta(minutes=5)

    @property
    def runbook(self) -> str:
        """The address of its section of the runbook."""
        return f"{RUNBOOK}#{self.name.lower()}"

    def message(self, symptom: Symptom) -> str:
        """What was found, beside the limit, and where to look."""
        detail = symptom.detail[:1].upper() + symptom.detail[1:]
        return f"{detail}; {self.limit:g} {self.unit} is the limit. {self.advice}"


def store_evaluators(settings: Settings) -> tuple[Evaluator, ...]:
    """Those that look at the store: of several replicas, one does it for all."""
    quiet = settings.no_events_minutes
    return (
        Evaluator(
            name="ServiceErrorRateHigh",
            look=symptoms.failing_calls,
            limit=5.0,
            calm=4.0,
            unit="%",
            severity="high",
            category="requests",
            title="API calls fail.",
            advice="Look at the error rates by endpoint, and at the log of the service.",
        ),
        Evaluator(
            name="ServiceResponsesSlow",
            look=symptoms.slow_calls,
            limit=2_000.0,
            calm=1_600.0,
            unit="ms",
            severity="medium",
            category="requests",
            title="API calls are slow.",
            advice="Look at the slowest endpoints, then at the database and the CPU behind them.",
        ),
        Evaluator(
            name="AiFailureRateHigh",
            look=symptoms.failing_requests,
            limit=10.0,
            calm=8.0,
            unit="%",
            severity="critical",
            category="ai",
            title="AI requests fail.",
            advice="Look at their error codes, then at the status page of the provider.",
        ),
        Evaluator(
            name="PaymentsFailing",
            look=symptoms.failing_payments,
            limit=20.0,
            calm=15.0,
            unit="%",
            severity="critical",
            category="sales",
            title="Payments fail.",
            advice="Look at payment methods and plans: one method is its provider, all are ours.",
        ),
        Evaluator(
            name="NoEvents",
            look=partial(symptoms.silence, length=timedelta(minutes=quiet)),
            limit=float(quiet),
            calm=quiet / 2,
            unit="minutes",
            severity="critical",
            category="engagement",
            title="No events arrive.",
            advice="Look at whether callers reach Meterhouse: its address, its certificate, its"
            " keys.",
        ),
    )


REPLICA_EVALUATORS: tuple[Evaluator, ...] = (
    Evaluator(
        name="SpoolNearlyFull",
        look=symptoms.full_spool,
        limit=80.0,
        calm=60.0,
        unit="%",
        severity="critical",
        category="storage",
        title="The spool is nearly full.",
        advice="When it is full, events are refused. Look at the database now.",
    ),
    Evaluator(
        name="DiskFull",
        look=symptoms.full_disk,
        limit=90.0,
        calm=85.0,
        unit="%",
        severity="critical",
        category="resources",
        title="The disk is nearly full.",
        advice="Databases stop writing on a full disk, and SQLite and the spool with them.",
    ),
)
"""Those that look at this replica: each does it for itself, also while the store is away."""
