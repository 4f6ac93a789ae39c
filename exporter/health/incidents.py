"""Incidents of checks: opened while a critical check stays down, closed when it stays up.

Every replica tells of what it sees, in episodes, and several see the same: the incidents of a
check are numbered, so that of two replicas that open one at the same time one finds that it is
there, and joins. An incident is over when no replica sees it any more. While the store is away
episodes wait here, and are told with their own times when it is back.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from ..access.principal import DEFAULT_TENANT
from ..errors import NotFound, Unavailable
from ..metrics import health as metrics
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..records.incident import INCIDENT, UNRESOLVED, Impact, Incident
from ..storage.base import Store
from ..storage.query import Filter, Find, Operator, Order, equals
from . import story
from .maintenance import Windows
from .swap import ATTEMPTS, Swaps

REOPEN = timedelta(minutes=10)
"""A check that is down again within this time reopens its incident."""
MOST_EPISODES = 1_000
MOST_OPEN = 1_000
CROWDED = "Others keep opening incidents of this service."
SEVERITIES: tuple[Impact, ...] = ("minor", "major", "critical")

Tell = Callable[[Incident], Awaitable[None]]
"""Is told of an incident of a check that has begun, begun again, or ended."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Episode:
    """A time in which a critical check is down on this replica. incident: once it has one."""

    service: str
    since: datetime
    message: str | None
    until: datetime | None = None
    incident: str | None = None


class Incidents:
    """The incidents that this replica's checks are part of, and all that are open."""

    def __init__(
        self,
        store: Store,
        swaps: Swaps,
        windows: Windows,
        shown: Metrics,
        *,
        instance: str,
        tell: Tell | None = None,
    ) -> None:
        self._store = store
        self._swaps = swaps
        self._windows = windows
        self._metrics = shown
        self._instance = instance
        self._told = tell
        self._episodes: deque[Episode] = deque(maxlen=MOST_EPISODES)
        self._open: Sequence[Incident] = ()

    async def resume(self) -> set[str]:
        """The checks that were down on this replica when it last ran; raises StoreUnavailable."""
        self._open = await self.unresolved()
        for incident in self._open:
            if any(one["instance"] == self._instance for one in incident.affected):
                episode = Episode(incident.service, incident.started_at, None)
                episode.incident = incident.incident_id
                self._episodes.append(episode)
        return {episode.service for episode in self._episodes}

    def declare(self) -> None:
        """Show every severity from the start, so that Prometheus sees the first incident of it."""
        nothing_yet = Tally()
        for severity in SEVERITIES:
            nothing_yet.inc(metrics.INCIDENTS, (severity,), 0.0)
            nothing_yet.histograms[metrics.INCIDENT_DURATION][severity,] = []
        self._metrics.apply(nothing_yet)

    def down(self, service: str, since: datetime, message: str | None) -> None:
        """A critical check is down."""
        self._episodes.append(Episode(service, since, message))

    def up(self, service: str, at: datetime) -> None:
        """A critical check is up."""
        for episode in self._episodes:
            if episode.service == service and episode.until is None:
                episode.until = at

    @property
    def active(self) -> list[Incident]:
        """The open incidents, as they were last read."""
        return list(self._open)

    def waiting(self, now: datetime) -> list[Episode]:
        """The episodes that should have an incident, and the store does not know of."""
        return [
            one
            for one in self._episodes
            if one.incident is None and self._begins(one) <= min(now, one.until or now)
        ]

    def show(self, now: datetime) -> None:
        """Show how many are open: those in the store, and those that it has yet to be told of."""
        number = Counter(incident.severity for incident in self._open)
        number["critical"] += len({one.service for one in self.waiting(now)})
        for severity in SEVERITIES:
            self._metrics.set(metrics.INCIDENTS_OPEN, (severity,), number[severity])

    async def settle(self, now: datetime) -> None:
        """Tell the store of every episode, and see to those that nobody tells of any more.

        Raises StoreUnavailable; what was not done is done the next time.
        """
        for episode in list(self._episodes):
            if await self._tell(episode, now) and episode in self._episodes:
                self._episodes.remove(episode)
        for incident in await self.unresolved():
            if incident.affected:
                await self._change(incident.incident_id, lambda one: story.swept(one, now))
        self._open = await self.unresolved()

    async def report(
        self,
        service: str,
        *,
        who: str,
        title: str,
        severity: Impact,
        since: datetime,
        now: datetime,
        text: str | None,
    ) -> Incident:
        """The incident that a person opens, durable; raises StoreUnavailable and Unavailable."""
        for _ in range(ATTEMPTS):
            number, _last = await self._next(service)
            new = story.reported(
                service,
                number,
                who=who,
                title=title,
                severity=severity,
                since=since,
                now=now,
                text=text,
            )
            if await self._swaps.add(INCIDENT, new):
                return new
        raise Unavailable(CROWDED)

    async def unresolved(self) -> list[Incident]:
        """All open incidents, the oldest first; raises StoreUnavailable."""
        found: list[Incident] = await self._store.find(
            Find(
                INCIDENT,
                (
                    equals("tenantId", DEFAULT_TENANT),
                    Filter("phase", Operator.IN, UNRESOLVED),
                ),
                (Order("startedAt"),),
                limit=MOST_OPEN,
            )
        )
        return found

    async def _next(self, service: str) -> tuple[int, Incident | None]:
        """The number of the next incident of a check, and the last one."""
        found: list[Incident] = await self._store.find(
            Find(
                INCIDENT,
                (equals("tenantId", DEFAULT_TENANT), equals("service", service)),
                (Order("number", descending=True),),
                limit=1,
            )
        )
        return (found[0].number + 1, found[0]) if found else (1, None)

    async def _tell(self, episode: Episode, now: datetime) -> bool:
        """Whether nothing more is to be told of an episode."""
        if episode.incident is None:
            begin = self._begins(episode)
            if episode.until is not None and begin >= episode.until:
                return True  # it was all within maintenance
            if begin > now:
                return False
            if await self._open_or_join(episode, begin, now):
                return True
        key, until = episode.incident or "", episode.until
        if until is None:
            await self._change(key, lambda one: story.refreshed(one, self._instance, now))
            return False
        await self._change(key, lambda one: story.left(one, self._instance, until, now))
        return True

    async def _open_or_join(self, episode: Episode, since: datetime, now: datetime) -> bool:
        """Find or make the incident of an episode; whether all is told by that."""
        for _ in range(ATTEMPTS):
            number, last = await self._next(episode.service)
            if last is not None and _continues(last, since):
                return await self._join(last, episode, since, now)
            new = story.opened(
                episode.service,
                number,
                instance=self._instance,
                since=since,
                now=now,
                message=episode.message,
            )
            if await self._swaps.add(INCIDENT, new):
                log.warning("incident_opened", incident=new.incident_id, check=episode.service)
                episode.incident = new.incident_id
                await self._tell_people(new)
                return False
        raise Unavailable(CROWDED)

    async def _join(self, last: Incident, episode: Episode, since: datetime, now: datetime) -> bool:
        """Tell the last incident of an episode; whether all is told by that."""
        me, until, message = self._instance, episode.until, episode.message
        if last.phase == "resolved" and until is not None:
            await self._change(
                last.incident_id, lambda one: story.belonged(one, me, since, until, now)
            )
            return True
        await self._change(last.incident_id, lambda one: story.joined(one, me, since, now, message))
        episode.incident = last.incident_id
        return False

    async def _change(self, key: str, step: Callable[[Incident], Incident]) -> None:
        was: list[Incident] = []

        def watched(before: Incident) -> Incident:
            was[:] = [before]
            return step(before)

        try:
            after = await self._swaps.change(INCIDENT, key, watched)
        except NotFound:
            log.warning("incident_gone", incident=key)
            return
        if (was[0].phase == "resolved") != (after.phase == "resolved"):
            log.warning("incident_changed", incident=key, phase=after.phase)
            await self._tell_people(after)

    async def _tell_people(self, incident: Incident) -> None:
        if self._told is not None and incident.origin == "check":
            await self._told(incident)

    def _begins(self, episode: Episode) -> datetime:
        return self._windows.uncovered(episode.service, episode.since)


def _continues(last: Incident, since: datetime) -> bool:
    """Whether what begins now belongs to the last incident of the check."""
    if len(last.timeline) >= story.MOST_ENTRIES:
        return False
    return last.resolved_at is None or since <= last.resolved_at + REOPEN
