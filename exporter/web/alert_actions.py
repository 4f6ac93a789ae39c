"""What changes the history of alerts: Alertmanager's webhook, and what admins do about an alert."""

from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ..alerts.actions import Person
from ..alerts.reading import AlertRecord, record
from ..alerts.webhook import Notification, count_truncated, reports
from ..fields import Count, Identifier, Label, ShortText
from ..validation import BodyDecoder
from .alerts import TAG
from .bodies import read_body
from .route import BATCH_BYTES, Access, Call, Handler, NoQuery, Route

LONGEST_SILENCE = 30 * 24 * 60
"""Minutes."""

Body = TypeVar("Body", bound=Struct)


class AlertAcknowledgement(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Taking an alert in hand."""

    who: Annotated[Label, Meta(description="Whom the caller speaks for.")] | None = None
    note: ShortText | None = None
    silence_minutes: (
        Annotated[
            int,
            Meta(ge=1, le=LONGEST_SILENCE, description="How long Alertmanager is to keep quiet."),
        ]
        | None
    ) = None


class AlertResolution(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Calling an alert over."""

    note: ShortText | None = None


class AlertComment(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """A word on an alert."""

    comment: Annotated[str, Meta(min_length=1, max_length=1_000)]


class AlertAction(Struct, forbid_unknown_fields=True, frozen=True):
    """The older form of the calls above."""

    alert_id: Identifier
    action: Literal["acknowledge", "resolve"]
    note: ShortText | None = None


class AcknowledgedAlert(AlertRecord, frozen=True):
    """The record after an acknowledgement."""

    silence_problem: Annotated[
        str | None, Meta(description="Why there is no silence, where one was asked for.")
    ]


class NotificationReceived(Struct, rename="camel", frozen=True):
    """What was recorded of a notification, durably."""

    alerts: Count
    truncated: Count


_NOTIFICATION = BodyDecoder(Notification)
_ACKNOWLEDGE = BodyDecoder(AlertAcknowledgement)
_RESOLVE = BodyDecoder(AlertResolution)
_COMMENT = BodyDecoder(AlertComment)
_ACTION = BodyDecoder(AlertAction)


async def webhook(call: Call[NoQuery]) -> NotificationReceived:
    """Record what Alertmanager notifies of."""
    body = await _read(call, _NOTIFICATION)
    told = reports(body, call.caller, call.now)
    await call.services.alerts.notify(told)
    count_truncated(body, call.services.metrics)
    return NotificationReceived(len(told), body.truncated_alerts)


async def acknowledge(call: Call[NoQuery]) -> AcknowledgedAlert:
    """Take one in hand."""
    body = await _read(call, _ACKNOWLEDGE)
    minutes = body.silence_minutes
    done = await call.services.alert_actions.acknowledge(
        *_which(call),
        Person(call.caller.name, body.who),
        body.note,
        None if minutes is None else timedelta(minutes=minutes),
    )
    shown = msgspec.structs.asdict(record(done.alert))
    return AcknowledgedAlert(**shown, silence_problem=done.problem)


async def resolve(call: Call[NoQuery]) -> AlertRecord:
    """Call one over."""
    body = await _read(call, _RESOLVE)
    person = Person(call.caller.name)
    return record(await call.services.alert_actions.resolve(*_which(call), person, body.note))


async def comment(call: Call[NoQuery]) -> AlertRecord:
    """Add to the story of one."""
    body = await _read(call, _COMMENT)
    person = Person(call.caller.name)
    return record(await call.services.alert_actions.comment(*_which(call), person, body.comment))


async def act(call: Call[NoQuery]) -> AlertRecord:
    """Acknowledge or resolve one, as it was done before each had a call of its own."""
    body = await _read(call, _ACTION)
    tenant, person = call.scope().tenant, Person(call.caller.name)
    actions = call.services.alert_actions
    if body.action == "resolve":
        return record(await actions.resolve(tenant, body.alert_id, person, body.note))
    done = await actions.acknowledge(tenant, body.alert_id, person, body.note)
    return record(done.alert)


async def _read(call: Call[Any], decoder: BodyDecoder[Body]) -> Body:
    return decoder.decode(await read_body(call.request, call.route))


def _which(call: Call[Any]) -> tuple[str, str]:
    """The tenant of the caller, and the alert that the path names."""
    return call.scope().tenant, call.request.match_info["alertId"]


def _action(
    path: str, summary: str, handle: Handler, body: type[Struct], answer: Any = AlertRecord
) -> Route:
    return Route(
        method="POST",
        path=path,
        summary=summary,
        tag=TAG,
        handle=handle,
        access=Access.ADMIN,
        body=body,
        answers={200: answer},
        errors=(400, 404, 409, 413, 415, 503),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/api/alerts/webhook",
        summary="Record what Alertmanager notifies of: its webhook, version 4.",
        tag=TAG,
        handle=webhook,
        access=Access.WEBHOOK,
        body=Notification,
        body_limit=BATCH_BYTES,
        answers={200: NotificationReceived},
        errors=(400, 413, 415, 503),
    ),
    _action("/api/alerts", "Acknowledge or resolve an alert: the older form.", act, AlertAction),
    _action(
        "/api/alerts/{alertId}/acknowledge",
        "Take an alert in hand, with a silence in Alertmanager if wanted.",
        acknowledge,
        AlertAcknowledgement,
        AcknowledgedAlert,
    ),
    _action("/api/alerts/{alertId}/resolve", "Call an alert over.", resolve, AlertResolution),
    _action(
        "/api/alerts/{alertId}/comment", "Add to the story of an alert.", comment, AlertComment
    ),
)
