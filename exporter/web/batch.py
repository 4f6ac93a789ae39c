"""Many events in one call: each stands for itself, and a bad one spoils none of its neighbours."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Union, cast

import msgspec

from ..errors import Forbidden, Invalid, Problem
from ..family import Tracked
from ..fields import decode_hook
from ..ids import new_id
from ..ingest.step import Step
from ..metrics import catalogue
from ..records import TRACKED
from ..storage.base import Outcome
from ..validation import UNREADABLE, BodyDecoder
from .bodies import read_body
from .route import BATCH_BYTES, JSON, NDJSON, Call, NoQuery, Reply, Route
from .tracking import caller_of

MAX_EVENTS = 1_000
BREATH = 100
"""Events that are read in one go, before other calls get their turn."""
DECODED_BYTES = 512 * 1024
"""A body up to this is decoded in one go, in about a millisecond."""


class Rejected(msgspec.Struct, rename="camel"):
    """An event of the batch that was refused: its place (from 0), and what is wrong with it."""

    index: int
    error: str
    details: tuple[Problem, ...]


class BatchAnswer(msgspec.Struct, rename="camel"):
    """What became of a batch; the three add up to the events that were sent."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]


class SpooledBatch(BatchAnswer):
    """The database is away: what was accepted is kept, durably, and stored when it is back."""

    spooled: bool = True


class _Kind(msgspec.Struct):
    kind: str


_KINDS = {family.kind: family for family in TRACKED}
_TAGGED: dict[str, type[msgspec.Struct]] = {
    family.kind: msgspec.defstruct(
        f"{family.document.__name__}Event",
        [],
        bases=(family.body,),
        tag_field="kind",
        tag=family.kind,
        module=__name__,
        kw_only=True,
    )
    for family in TRACKED
}
_DECODERS: dict[str, BodyDecoder[Tracked]] = {
    kind: BodyDecoder(cast(type[Tracked], schema)) for kind, schema in _TAGGED.items()
}
_KIND = BodyDecoder(_Kind)


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /api/events/batch`."""

    events: Annotated[
        list[Union[tuple(_TAGGED.values())]],  # type: ignore[valid-type]  # noqa: UP007  # of TRACKED
        msgspec.Meta(max_length=MAX_EVENTS),
    ]


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


_Event = Tracked | bytes | msgspec.Raw
"""An event of a batch, decoded or not."""
_WHOLE = msgspec.json.Decoder(Batch, dec_hook=decode_hook)
_SINGLE = BodyDecoder(_RawBatch)


def _events(raw: bytes, content_type: str) -> Sequence[_Event]:
    """The events of a body, all decoded at once if they are as they should be, else undecoded.

    Invalid where it is no batch.
    """
    events: Sequence[_Event]
    if content_type == NDJSON:
        events = [line for line in raw.split(b"\n") if line.strip()]
    else:
        if len(raw) <= DECODED_BYTES:
            with suppress(*UNREADABLE):
                return _WHOLE.decode(raw).events
        events = _SINGLE.decode(raw).events
    if len(events) > MAX_EVENTS:
        raise Invalid.field("events", f"Expected at most {MAX_EVENTS} events")
    return events


def _read(event: _Event) -> tuple[str, Tracked | Invalid]:
    """An event's kind, and its body or what is wrong with it."""
    kind = "unknown"
    try:
        if isinstance(event, Tracked):
            kind = str(event.__struct_config__.tag)
            return kind, _DECODERS[kind].checked(event)
        said = _KIND.decode(event).kind
        if said not in _KINDS:
            raise Invalid.field("kind", f"Expected one of {', '.join(_KINDS)}")
        kind = said
        return kind, _DECODERS[kind].decode(event)
    except Invalid as error:
        return kind, error


async def batch(call: Call[NoQuery]) -> BatchAnswer | Reply:
    """Record up to 1,000 events in one group commit."""
    raw = await read_body(call.request, call.route)
    events = _events(raw, call.request.content_type)
    caller = caller_of(call)
    own = new_id()
    steps: list[Step] = []
    places: list[int] = []
    rejected: list[Rejected] = []
    for index, event in enumerate(events):
        kind, body = _read(event)
        try:
            if isinstance(body, Invalid):
                raise body
            family = _KINDS[kind]
            document = call.services.intake.document(family, body, caller)
        except (Invalid, Forbidden) as error:
            call.services.metrics.inc(catalogue.EVENTS, (kind, "invalid"))
            rejected.append(Rejected(index, error.code, error.details))
        else:
            steps.append(Step(family, None, document, id=f"{own}-{index}"))
            places.append(index)
        if index % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    outcomes = await call.services.writer.submit(steps, len(raw)) if steps else []
    rejected.extend(
        Rejected(place, Invalid.code, (Problem("", "The store cannot hold this event"),))
        for place, outcome in zip(places, outcomes, strict=True)
        if outcome is Outcome.FAILED
    )
    rejected.sort(key=lambda entry: entry.index)
    if spooled := outcomes.count(Outcome.SPOOLED):  # a batch is one submission: all or none
        return Reply(202, SpooledBatch(accepted=spooled, duplicates=0, rejected=rejected))
    return BatchAnswer(
        accepted=outcomes.count(Outcome.STORED),
        duplicates=outcomes.count(Outcome.DUPLICATE),
        rejected=rejected,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/api/events/batch",
        summary="Record up to 1,000 events of any kind.",
        tag="Events",
        handle=batch,
        body=Batch,
        media=(JSON, NDJSON),
        body_limit=BATCH_BYTES,
        answers={200: BatchAnswer, 202: SpooledBatch},
        errors=(400, 413, 415, 503),
    ),
)
