"""From events to calls of the HTTP API: past ones for batches, present ones one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..clock import from_epoch_ms
from ..family import Tracked
from ..records import TRACKED, ai_request
from .sessions import Event

BATCH_PATH = "/api/events/batch"
TRACK_PATHS = {
    "ai_request": "/api/ai-tracking/track",
    "engagement": "/api/analytics/engagement/track",
    "sale": "/api/analytics/sales/track",
    "performance": "/api/performance/track",
    "credit": "/api/credits/track",
}
KEYED = frozenset(
    family.kind for family in TRACKED if family.key_attribute in family.body.__struct_fields__
)
"""The kinds whose caller names the event, so that sending it again is recognised."""

_TIME_FIELDS = {family.kind: family.time_field for family in TRACKED}
_OUTCOME = frozenset(ai_request.Update.__struct_encode_fields__) - frozenset(
    Tracked.__struct_encode_fields__
)
"""What is known of an AI request when it has ended."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call with a JSON body, as a device with `user_agent` would cause it."""

    method: str
    path: str
    body: dict[str, Any]
    user_agent: str

    @property
    def tracks(self) -> bool:
        """Whether it is a new event, rather than a change to one."""
        return self.path.endswith("/track")


def past(event: Event) -> dict[str, Any]:
    """The event as a batch takes it: with its kind and its time."""
    when = {_TIME_FIELDS[event.kind]: from_epoch_ms(event.at)}
    return {"kind": event.kind, **event.body, **when}


def feedback(event: Event) -> Call | None:
    """The call that rates an AI request, if its user did."""
    if event.rating is None:
        return None
    path = f"/api/ai-tracking/feedback/{event.body['requestId']}"
    return Call("POST", path, {"rating": event.rating}, event.user_agent)


def present(event: Event) -> Iterator[Call]:
    """The calls that a backend makes while the event happens.

    An AI request and a sale are told of when they begin and again when they have ended.
    """
    yield from _PRESENT.get(event.kind, _whole)(event)


def _whole(event: Event) -> Iterator[Call]:
    yield _track(event, event.body)


def _request(event: Event) -> Iterator[Call]:
    begun = {name: value for name, value in event.body.items() if name not in _OUTCOME}
    ended = {name: value for name, value in event.body.items() if name in _OUTCOME}
    yield _track(event, {**begun, "status": "pending"})
    path = f"/api/ai-tracking/update/{event.body['requestId']}"
    yield Call("PUT", path, ended, event.user_agent)
    rated = feedback(event)
    if rated is not None:
        yield rated


def _sale(event: Event) -> Iterator[Call]:
    body = {name: value for name, value in event.body.items() if name != "refund"}
    yield _track(event, {**body, "status": "pending"})
    path = f"/api/analytics/sales/update/{body['transactionId']}"
    refund = event.body.get("refund")
    status = event.body["status"] if refund is None else "completed"
    yield Call("PUT", path, {"status": status}, event.user_agent)
    if refund is not None:
        yield Call("PUT", path, {"status": "refunded", "refund": refund}, event.user_agent)


def _track(event: Event, body: dict[str, Any]) -> Call:
    return Call("POST", TRACK_PATHS[event.kind], body, event.user_agent)


_PRESENT = {"ai_request": _request, "sale": _sale}
