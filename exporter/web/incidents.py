"""Incidents: read and written by those who run the installation."""

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct

from ..clock import to_milliseconds
from ..errors import Invalid
from ..fields import Label, Moment
from ..health import reading, story
from ..health.answers import IncidentPage, IncidentStory
from ..health.check import CheckName
from ..records.incident import INCIDENT, UNRESOLVED, Impact, Incident, Phase
from ..storage.query import Filter, Operator, Where, equals
from ..validation import BodyDecoder
from .bodies import read_body
from .health import for_operators
from .period import Limit, MomentOrDate, Page, PeriodQuery, last
from .route import Access, Call, Handler, NoQuery, Reply, Route

TAG = "Incidents"
NO_SERVICE = "incident"
"""What an incident is of that is no check's and names nothing."""

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(min_length=1, max_length=4_000)]
Body = TypeVar("Body", bound=Struct)


class IncidentQuery(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which incidents, by when they began, and which page of them; without dates, all that are
    kept."""

    start_date: MomentOrDate | None = None
    end_date: (
        Annotated[
            MomentOrDate, Meta(description="The end, not included; a date includes its whole day.")
        ]
        | None
    ) = None
    state: Literal["open", "resolved"] | None = None
    service: Label | None = None
    severity: Impact | None = None
    page: Page = 1
    limit: Limit = 20

    def where(self) -> Where:
        """The filters that were asked for."""
        found = [
            equals(name, value)
            for name in ("service", "severity")
            if (value := getattr(self, name)) is not None
        ]
        if self.state == "open":
            found.append(Filter("phase", Operator.IN, UNRESOLVED))
        elif self.state == "resolved":
            found.append(equals("phase", "resolved"))
        return tuple(found)


class OpenIncident(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """An incident that no check sees."""

    title: Title
    severity: Impact = "major"
    service: CheckName = NO_SERVICE
    text: Text | None = None
    started_at: Annotated[Moment, Meta(description="Now, if left out.")] | None = None


class UpdateIncident(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """How it goes on."""

    text: Text
    phase: Literal["investigating", "identified", "monitoring"] | None = None
    severity: Impact | None = None
    title: Title | None = None


class ResolveIncident(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """That it is over."""

    text: Text | None = None
    resolved_at: Annotated[Moment, Meta(description="Now, if left out.")] | None = None


class Postmortem(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What was learned of it."""

    text: Annotated[str, Meta(min_length=1, max_length=50_000)]


_OPEN = BodyDecoder(OpenIncident)
_UPDATE = BodyDecoder(UpdateIncident)
_RESOLVE = BodyDecoder(ResolveIncident)
_POSTMORTEM = BodyDecoder(Postmortem)


async def listed(call: Call[IncidentQuery]) -> IncidentPage:
    """A page of incidents."""
    for_operators(call)
    query = call.query
    period = last(call.now, INCIDENT.kept_for(call.services.settings))
    if query.start_date is not None or query.end_date is not None:
        dates = PeriodQuery(start_date=query.start_date, end_date=query.end_date)
        period = dates.period_at(call.now)
    return await reading.incidents(
        call.store, period, query.where(), page=query.page, limit=query.limit
    )


async def one(call: Call[NoQuery]) -> IncidentStory:
    """All of one incident."""
    health = for_operators(call)
    found = await health.swaps.get(INCIDENT, call.request.match_info["incidentId"])
    return await reading.story_of(call.store, found, call.now)


async def report(call: Call[NoQuery]) -> Reply:
    """Open an incident that no check sees."""
    health = for_operators(call)
    body = await _read(call, _OPEN)
    since = to_milliseconds(body.started_at or call.now)
    if since > call.now:
        raise Invalid.field("startedAt", "Expected no time in the future")
    made = await health.incidents.report(
        body.service,
        who=call.caller.name,
        title=body.title,
        severity=body.severity,
        since=since,
        now=call.now,
        text=body.text,
    )
    return Reply(201, await reading.story_of(call.store, made, call.now))


async def update(call: Call[NoQuery]) -> IncidentStory:
    """Say how one goes on."""
    for_operators(call)
    body = await _read(call, _UPDATE)
    phase: Phase | None = body.phase
    return await _step(
        call,
        lambda before: story.updated(
            before,
            call.now,
            who=call.caller.name,
            text=body.text,
            phase=phase,
            severity=body.severity,
            title=body.title,
        ),
    )


async def resolve(call: Call[NoQuery]) -> IncidentStory:
    """Call one over."""
    for_operators(call)
    body = await _read(call, _RESOLVE)
    at = None if body.resolved_at is None else to_milliseconds(body.resolved_at)
    return await _step(
        call,
        lambda before: story.resolved(
            before, call.now, who=call.caller.name, text=body.text, at=at
        ),
    )


async def conclude(call: Call[NoQuery]) -> IncidentStory:
    """Write down what was learned."""
    for_operators(call)
    body = await _read(call, _POSTMORTEM)
    return await _step(
        call,
        lambda before: story.concluded(before, call.now, who=call.caller.name, text=body.text),
    )


async def _step(call: Call[Any], step: Any) -> IncidentStory:
    key = call.request.match_info["incidentId"]
    changed: Incident = await call.services.health.swaps.change(INCIDENT, key, step)
    return await reading.story_of(call.store, changed, call.now)


async def _read(call: Call[Any], decoder: BodyDecoder[Body]) -> Body:
    return decoder.decode(await read_body(call.request, call.route))


def _action(path: str, summary: str, handle: Handler, body: type[Struct]) -> Route:
    return Route(
        method="POST",
        path=path,
        summary=summary,
        tag=TAG,
        handle=handle,
        access=Access.ADMIN,
        body=body,
        answers={200: IncidentStory},
        errors=(400, 404, 409, 413, 415, 503),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/incidents",
        summary="The incidents, the last one first; without dates, all that are kept.",
        tag=TAG,
        handle=listed,
        access=Access.ADMIN,
        query=IncidentQuery,
        answers={200: IncidentPage},
        errors=(503,),
    ),
    Route(
        method="POST",
        path="/api/incidents",
        summary="Open an incident that no check sees.",
        tag=TAG,
        handle=report,
        access=Access.ADMIN,
        body=OpenIncident,
        answers={201: IncidentStory},
        errors=(400, 413, 415, 503),
    ),
    Route(
        method="GET",
        path="/api/incidents/{incidentId}",
        summary="One incident, with its timeline and its alerts.",
        tag=TAG,
        handle=one,
        access=Access.ADMIN,
        answers={200: IncidentStory},
        errors=(404, 503),
    ),
    _action(
        "/api/incidents/{incidentId}/update", "Say how an incident goes on.", update, UpdateIncident
    ),
    _action(
        "/api/incidents/{incidentId}/resolve", "Call an incident over.", resolve, ResolveIncident
    ),
    _action(
        "/api/incidents/{incidentId}/postmortem",
        "Write down what was learned of an incident.",
        conclude,
        Postmortem,
    ),
)
