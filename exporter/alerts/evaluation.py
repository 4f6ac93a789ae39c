"""Evaluation: looks for what is wrong, begins, keeps and ends alerts, and has people told of them.

An alert is written down first and told then, and its end told first and written down then: who is
killed in between tells it once more, and nobody is left without it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ..clock import Clock
from ..metrics import alerts as alert_metrics
from ..metrics.values import Metrics
from ..storage.base import Store
from .announcement import Announcement
from .announcer import Announcer
from .evaluators import Evaluator
from .hysteresis import Verdict, judge
from .register import CONFIRM_EVERY, Burning, Register
from .report import Report, fingerprint_of
from .store_register import SOURCE
from .symptoms import Symptom, View

STEADY_FOR = 2 * CONFIRM_EVERY
"""How long an evaluation has to have run before it calls alerts of others forsaken: after an
outage of the store, those who keep them need a moment to say so."""
RUNBOOK_URL = "runbook_url"
SAID = frozenset({"alertname", "severity", "category"})
"""The labels that an announcement says in its own fields."""


class Turn(Protocol):
    """Who of several replicas does it; a lease is one."""

    async def held(self) -> bool:
        """Whether it is this one's turn now."""


class Evaluation:
    """Runs some evaluators, whose alerts are in one register.

    labels: what their alerts have in common, beside what the evaluators say.
    turn: without one, it is always this replica's.
    """

    def __init__(
        self,
        evaluators: Sequence[Evaluator],
        register: Register,
        announcer: Announcer,
        *,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        labels: dict[str, str] | None = None,
        turn: Turn | None = None,
    ) -> None:
        self._evaluators = tuple(evaluators)
        self._register = register
        self._announcer = announcer
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._labels = labels or {}
        self._turn = turn
        self._calm_since: dict[str, datetime | None] = {}
        self._told: set[str] = set()
        self._steady_since: datetime | None = None
        for one in evaluators:
            for outcome in ("calm", "burning", "unjudged", "failed"):
                self._count(one, outcome, 0)

    async def run(self) -> None:
        """Look once; a job. One evaluator that fails keeps no other from looking.

        Raises what the first one that failed raised, when all are done.
        """
        if self._turn is not None and not await self._turn.held():
            self._calm_since.clear()
            self._told.clear()
            self._steady_since = None
            return
        burning = await self._register.burning()
        errors: list[Exception] = []
        for evaluator in self._evaluators:
            try:
                await self._evaluate(evaluator, burning.get(evaluator.name))
            except Exception as error:  # noqa: BLE001  # counted here, logged by who runs the job
                self._count(evaluator, "failed")
                error.add_note(f"evaluator {evaluator.name}")
                errors.append(error)
        await self._register.finish()
        if errors:
            self._steady_since = None
            raise errors[0]
        await self._clear_up()

    async def _evaluate(self, evaluator: Evaluator, known: Burning | None) -> None:
        now = self._clock()
        symptom = await evaluator.look(View(store=self._store, metrics=self._metrics, now=now))
        since = self._calm_since.get(evaluator.name)
        verdict, since = judge(evaluator, symptom, since, now, burning=known is not None)
        self._calm_since[evaluator.name] = since
        if verdict is Verdict.BEGINS and symptom is not None:
            report = self._report(evaluator, symptom, now)
            await self._register.write(report)
            await self._tell_begin(report)
        elif known is not None and verdict is Verdict.LASTS:
            await self._keep(evaluator, symptom, known, now)
        elif known is not None and verdict is Verdict.ENDS:
            await self._end(known, now)
        burns = verdict in (Verdict.BEGINS, Verdict.LASTS)
        self._count(evaluator, "unjudged" if symptom is None else "burning" if burns else "calm")

    async def _keep(
        self, evaluator: Evaluator, symptom: Symptom | None, known: Burning, now: datetime
    ) -> None:
        """Tell who was not told, and now and then write down that it lasts."""
        if not known.told:
            await self._tell_begin(known.report)
        if now - known.confirmed_at >= CONFIRM_EVERY:
            message = {} if symptom is None else {"description": evaluator.message(symptom)}
            annotations = {**known.report.annotations, **message}
            await self._register.write(replace(known.report, annotations=annotations))

    async def _end(self, known: Burning, now: datetime) -> None:
        await self._tell_end(known, now)
        await self._register.write(replace(known.report, ends_at=now))

    async def _clear_up(self) -> None:
        """End what others have left behind, once this has run long enough to know."""
        now = self._clock()
        self._steady_since = self._steady_since or now
        if now - self._steady_since < STEADY_FOR:
            return
        for one in await self._register.write_off():
            await self._tell_end(one, now)

    async def _tell_begin(self, report: Report) -> None:
        channels = self._announcer.channels
        if not channels:
            return
        if report.alert_id not in self._told:
            await self._announcer.tell(_announcement(report))
            self._told.add(report.alert_id)
        await self._register.told(report, channels)

    async def _tell_end(self, known: Burning, now: datetime) -> None:
        """To nobody who was not told of the beginning."""
        alert_id = known.report.alert_id
        if known.told or alert_id in self._told:
            await self._announcer.tell(_announcement(known.report, now))
        self._told.discard(alert_id)

    def _report(self, evaluator: Evaluator, symptom: Symptom, now: datetime) -> Report:
        labels = {
            "alertname": evaluator.name,
            "severity": evaluator.severity,
            "category": evaluator.category,
            **self._labels,
        }
        return Report(
            source=SOURCE,
            fingerprint=fingerprint_of(labels),
            starts_at=now,
            labels=labels,
            annotations={
                "summary": evaluator.title,
                "description": evaluator.message(symptom),
                RUNBOOK_URL: evaluator.runbook,
            },
        )

    def _count(self, evaluator: Evaluator, outcome: str, times: int = 1) -> None:
        self._metrics.inc(alert_metrics.ALERT_EVALUATIONS, (evaluator.name, outcome), times)


def _announcement(report: Report, ended_at: datetime | None = None) -> Announcement:
    severity, _ = report.severity
    return Announcement(
        alert_id=report.alert_id,
        fingerprint=report.fingerprint,
        name=report.alertname,
        state="firing" if ended_at is None else "resolved",
        severity=severity,
        category=report.category,
        title=report.title,
        message=report.message,
        started_at=report.starts_at,
        ended_at=ended_at,
        labels={name: text for name, text in report.labels.items() if name not in SAID},
        runbook=report.annotations.get(RUNBOOK_URL),
    )
