"""The calls that record one event, and those that change one: derived from the families."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec
from aiohttp import hdrs

from ..errors import Conflict, Forbidden, Invalid
from ..family import Amendment, Change, Family, Origin, Tracked, attribute_of
from ..ingest.arrivals import Arrival
from ..ingest.enrich import USER_AGENT_LENGTH, device
from ..ingest.intake import Caller
from ..ingest.step import Command
from ..metrics import catalogue
from ..records import AI_REQUEST, CREDIT, ENGAGEMENT, PERFORMANCE, SALE
from ..storage.base import Outcome
from ..validation import BodyDecoder
from .bodies import read_body
from .route import Call, Handler, NoQuery, Reply, Route


class Spooled(msgspec.Struct):
    """The database is away: the call is kept, durably, and done when it is back."""

    spooled: bool = True


SPOOLED = Reply(202, Spooled())


@dataclass(frozen=True)
class Tracking:
    """Where a family is tracked."""

    family: Family
    path: str
    summary: str
    tag: str


@dataclass(frozen=True)
class Amending:
    """Where a family's declared change is called; `{key}` in the path is the record's key."""

    family: Family
    change: str
    method: str
    path: str
    summary: str
    tag: str


TRACKINGS = (
    Tracking(AI_REQUEST, "/api/ai-tracking/track", "Record an AI request.", "AI requests"),
    Tracking(ENGAGEMENT, "/api/analytics/engagement/track", "Record an event.", "Engagement"),
    Tracking(SALE, "/api/analytics/sales/track", "Record a sale.", "Sales"),
    Tracking(PERFORMANCE, "/api/performance/track", "Record an API call.", "Performance"),
    Tracking(CREDIT, "/api/credits/track", "Record a use of credits.", "Credits"),
)
AMENDINGS = (
    Amending(
        AI_REQUEST,
        "update",
        "PUT",
        "/api/ai-tracking/update/{requestId}",
        "Say how an AI request goes on or ended.",
        "AI requests",
    ),
    Amending(
        AI_REQUEST,
        "feedback",
        "POST",
        "/api/ai-tracking/feedback/{requestId}",
        "Rate an AI request.",
        "AI requests",
    ),
    Amending(
        SALE,
        "update",
        "PUT",
        "/api/analytics/sales/update/{transactionId}",
        "Say what became of a sale.",
        "Sales",
    ),
)


def caller_of(call: Call[Any]) -> Caller:
    """Who sends events with this call, and from where."""
    user_agent = call.request.headers.get(hdrs.USER_AGENT, "")[:USER_AGENT_LENGTH]
    device_type, browser, os = device(user_agent)
    origin = Origin(
        ip_address=call.address,
        user_agent=user_agent or None,
        device_type=device_type,
        browser=browser,
        os=os,
        trace_id=call.envelope.trace_id,
    )
    return Caller(call.caller, origin, call.now)


def _answer(
    family: Family, names: tuple[str, ...], call: str, *, duplicate: bool = False
) -> tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct]]:
    """The schema of what a caller is told of a document, and the function that tells it."""
    attributes = [attribute_of(family.document, name) for name in names]
    fields: list[Any] = [
        (attribute, family.leaves[name]) for attribute, name in zip(attributes, names, strict=True)
    ]
    if duplicate:
        fields.append(("duplicate", bool, True))
    schema = msgspec.defstruct(
        f"{family.document.__name__}{call.title()}Answer", fields, rename="camel", module=__name__
    )
    read = attrgetter(*attributes)
    if len(attributes) == 1:
        return schema, lambda document: schema(read(document))
    return schema, lambda document: schema(*read(document))


def _track(tracking: Tracking) -> Handler:
    family = tracking.family
    decoder: BodyDecoder[Tracked] = BodyDecoder(family.body)
    _, answer = _answer(family, family.answer, "track")
    _, answer_again = _answer(family, family.answer, "duplicate", duplicate=True)

    async def track(call: Call[NoQuery]) -> Reply:
        try:
            raw = await read_body(call.request, call.route)
            arrival = Arrival(family, decoder, raw, partial(caller_of, call))
            [outcome] = await call.services.arrivals.take(arrival)
        except (Invalid, Forbidden):
            call.services.metrics.inc(catalogue.EVENTS, (family.kind, "invalid"))
            raise
        if outcome is Outcome.STORED:
            return Reply(201, answer(arrival.document))
        if outcome is Outcome.SPOOLED:
            return SPOOLED
        if outcome is Outcome.FAILED:
            raise Invalid("The store cannot hold this event.")
        if family.duplicate == "conflict":
            raise Conflict(f"This {family.key} was already tracked.")
        return Reply(200, answer_again(arrival.document))

    return track


def _amend(amending: Amending, change: Change) -> Handler:
    family = amending.family
    decoder: BodyDecoder[Amendment] = BodyDecoder(change.body)
    _, answer = _answer(family, change.answer, change.name)

    async def amend(call: Call[NoQuery]) -> msgspec.Struct | Reply:
        raw = await read_body(call.request, call.route)
        body = decoder.decode(raw)
        command = Command(
            family,
            change,
            call.request.match_info[family.key],
            body,
            call.caller.write_scope(body.tenant_id, body.user_id),
            call.now,
        )
        document = await call.services.changes.apply(command, len(raw))
        return SPOOLED if document is None else answer(document)

    return amend


def _track_route(tracking: Tracking) -> Route:
    family = tracking.family
    answers: dict[int, Any] = {201: _answer(family, family.answer, "track")[0]}
    errors = [400, 413, 415, 503]
    if family.duplicate == "conflict":
        errors.append(409)
    else:
        answers[200] = _answer(family, family.answer, "duplicate", duplicate=True)[0]
    return Route(
        method="POST",
        path=tracking.path,
        summary=tracking.summary,
        tag=tracking.tag,
        handle=_track(tracking),
        body=family.body,
        answers=answers,
        errors=tuple(sorted(errors)),
    )


def _amend_route(amending: Amending) -> Route:
    family = amending.family
    change = family.change(amending.change)
    return Route(
        method=amending.method,
        path=amending.path,
        summary=amending.summary,
        tag=amending.tag,
        handle=_amend(amending, change),
        body=change.body,
        answers={200: _answer(family, change.answer, change.name)[0]},
        errors=(400, 404, 409, 413, 415, 503),
    )


ROUTES: tuple[Route, ...] = (
    *map(_track_route, TRACKINGS),
    *map(_amend_route, AMENDINGS),
)
