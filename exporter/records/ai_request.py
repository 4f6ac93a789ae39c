"""AI requests: what was asked of which model, how it ended, what it cost, how it was rated."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ..errors import Conflict
from ..family import (
    Amendment,
    Change,
    Exemplar,
    Family,
    Index,
    Mirror,
    Origin,
    Price,
    Rollup,
    Tracked,
)
from ..fields import (
    Count,
    Dollars,
    FreeMap,
    Identifier,
    Label,
    Milliseconds,
    Moment,
    Share,
    ShortText,
)
from ..metrics import catalogue

Status = Literal["pending", "processing", "completed", "failed", "cancelled"]
NextStatus = Literal["processing", "completed", "failed", "cancelled"]
ENDED = frozenset({"completed", "failed", "cancelled"})
Prompt = Annotated[str, Meta(max_length=10_000)]
Response = Annotated[str, Meta(max_length=50_000)]


class Tokens(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Tokens that went in and came out."""

    input: Count = 0
    output: Count = 0


class RequestError(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Why a request failed."""

    code: Label | None = None
    message: ShortText | None = None


class Routing(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What a model router decided, and what the baseline model would have cost."""

    was_routed: bool = False
    confidence: Share | None = None
    baseline_model: Label | None = None
    baseline_cost: Dollars | None = None


class Track(Tracked, kw_only=True):
    """The body of `POST /api/ai-tracking/track`."""

    request_id: Identifier
    model: Label
    provider: Label | None = None
    prompt: Prompt | None = None
    feature: Label | None = None
    complexity: Literal["simple", "medium", "complex"] | None = None
    language: Label | None = None
    session_id: Identifier | None = None
    team_id: Identifier | None = None
    project_id: Identifier | None = None
    status: Status = "pending"
    response: Response | None = None
    tokens: Tokens | None = None
    cost: Dollars | None = None
    duration_ms: Milliseconds | None = None
    queue_time_ms: Milliseconds | None = None
    error: RequestError | None = None
    routing: Routing | None = None
    metadata: FreeMap | None = None
    created_at: Moment | None = None


class AiRequest(Track, kw_only=True):
    """What is stored of an AI request.

    `routed_cost` and `routed_baseline_cost` are the two costs that a router is judged by, of a
    routed request that says both.
    """

    origin: Origin = Origin()
    cost_source: Literal["reported", "estimated"] | None = None
    routed_cost: float | None = None
    routed_baseline_cost: float | None = None
    rating: int | None = None
    rating_comment: str | None = None
    rated_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    revision: int = 0


class Update(Amendment, kw_only=True):
    """The body of `PUT /api/ai-tracking/update/{requestId}`."""

    status: NextStatus
    response: Response | None = None
    tokens: Tokens | None = None
    cost: Dollars | None = None
    error: RequestError | None = None
    duration_ms: Milliseconds | None = None


class Feedback(Amendment, kw_only=True):
    """The body of `POST /api/ai-tracking/feedback/{requestId}`."""

    rating: Annotated[int, Meta(ge=1, le=5)]
    comment: ShortText | None = None


def update(document: AiRequest, body: Update, now: datetime) -> AiRequest:
    """The request after one more step; the same ending twice changes nothing.

    An ended request stays as it ended: any other step from there is a Conflict.
    """
    if document.status in ENDED:
        if body.status == document.status:
            return document
        raise Conflict(f"The request has already ended as {document.status}.")
    told = {
        name: value
        for name in ("response", "tokens", "cost", "error", "duration_ms")
        if (value := getattr(body, name)) is not None
    }
    if "cost" in told:
        told["cost_source"] = "reported"
    elif "tokens" in told and document.cost_source == "estimated":
        told |= {"cost": None, "cost_source": None}  # to be estimated anew
    return msgspec.structs.replace(
        document, status=body.status, updated_at=now, revision=document.revision + 1, **told
    )


def feedback(document: AiRequest, body: Feedback, now: datetime) -> AiRequest:
    """The request with the user's rating in the place of an earlier one."""
    return msgspec.structs.replace(
        document,
        rating=body.rating,
        rating_comment=body.comment,
        rated_at=now,
        revision=document.revision + 1,
    )


def complete(document: AiRequest, price: Price) -> None:
    """Fill in when the request ended, a cost that can be worked out from the price list, and what
    routing can be judged by."""
    if document.status in ENDED and document.ended_at is None:
        document.ended_at = document.updated_at or document.created_at
    tokens = document.tokens
    if document.cost is not None:
        document.cost_source = document.cost_source or "reported"
    elif tokens is not None and document.created_at is not None:
        document.cost = price(
            document.model, document.provider, tokens.input, tokens.output, document.created_at
        )
        document.cost_source = None if document.cost is None else "estimated"
    routing = document.routing
    if (
        routing is not None
        and routing.was_routed
        and None
        not in (
            document.cost,
            routing.baseline_cost,
        )
    ):
        document.routed_cost = document.cost
        document.routed_baseline_cost = routing.baseline_cost
    else:
        document.routed_cost = document.routed_baseline_cost = None


def mirror(before: AiRequest | None, after: AiRequest, out: Mirror) -> None:
    """A start counts once, an ending once, and a rating only the first time it is given."""
    model, feature, plan = after.model, after.feature or "", after.user_plan or ""
    if before is None:
        out.inc(catalogue.AI_REQUESTS_STARTED, (model, feature, plan))
    if after.status in ENDED and (before is None or before.status not in ENDED):
        _mirror_ending(after, model, feature, plan, out)
    if after.rating is not None and (before is None or before.rating is None):
        out.observe(catalogue.AI_REQUEST_RATING, (model, feature), float(after.rating))


def _mirror_ending(request: AiRequest, model: str, feature: str, plan: str, out: Mirror) -> None:
    out.inc(catalogue.AI_REQUESTS, (model, request.status, feature, plan))
    if request.duration_ms is not None:
        out.observe(
            catalogue.AI_REQUEST_DURATION,
            (model, feature, plan),
            request.duration_ms / 1000,
            _exemplar(request),
        )
    if request.tokens is not None:
        out.inc(catalogue.AI_REQUEST_TOKENS, (model, "input", plan), request.tokens.input)
        out.inc(catalogue.AI_REQUEST_TOKENS, (model, "output", plan), request.tokens.output)
    if request.cost is not None:
        out.inc(catalogue.AI_REQUEST_COST, (model, plan), request.cost)
    elif request.tokens is not None:
        unpriced = request.tokens.input + request.tokens.output
        out.inc(catalogue.AI_REQUEST_UNPRICED_TOKENS, (model,), unpriced)
    routing = request.routing
    if routing is not None and routing.was_routed:
        labels = (model, routing.baseline_model or "")
        out.inc(catalogue.AI_ROUTER_REQUESTS, labels)
        if routing.baseline_cost is not None and request.cost is not None:
            saved = routing.baseline_cost - request.cost
            if saved >= 0:
                out.inc(catalogue.AI_ROUTER_SAVINGS, labels, saved)
            else:  # a counter cannot fall
                out.inc(catalogue.AI_ROUTER_LOSSES, labels, -saved)


def _exemplar(request: AiRequest) -> Exemplar:
    if request.origin.trace_id is not None:
        return "trace_id", request.origin.trace_id
    return "request_id", request.request_id


_NUMBERS = (
    "tokens.input",
    "tokens.output",
    "cost",
    "durationMs",
    "routedCost",
    "routedBaselineCost",
)
_DISTRIBUTED = ("model", "provider", "feature", "userPlan")
"""What an overview is by, one at a time. By all of them a day has hundreds of documents."""
AI_REQUEST = Family(
    kind="ai_request",
    collection="ai_requests",
    body=Track,
    document=AiRequest,
    key="requestId",
    time_field="createdAt",
    retention="metrics_retention_days",
    found_with=("userId",),
    dimensions=(
        "model",
        "provider",
        "feature",
        "status",
        "userPlan",
        "teamId",
        "projectId",
        "sessionId",
        "complexity",
        "language",
        "costSource",
        "routing.wasRouted",
        "routing.baselineModel",
        "endedAt",
    ),
    measures=(
        "tokens.input",
        "tokens.output",
        "cost",
        "durationMs",
        "queueTimeMs",
        "rating",
        "routing.baselineCost",
        "routedCost",
        "routedBaselineCost",
    ),
    # What is in progress is asked for all the time, and is little of what an hour has.
    indexes=(Index(("createdAt", "model", "status"), without="endedAt"),),
    answer=("requestId", "status"),
    duplicate="conflict",
    complete=complete,
    mirror=mirror,
    rollups=(
        Rollup(name="status", by=("status",), sums=_NUMBERS),
        *(
            Rollup(name=f"{label}_status", by=(label, "status"), sums=_NUMBERS)
            for label in _DISTRIBUTED
        ),
        Rollup(
            name="labels",
            by=("model", "provider", "feature", "status", "userPlan", "routing.wasRouted"),
            sums=_NUMBERS,
        ),
        Rollup(name="models", by=("model",), spreads=("durationMs",)),
        Rollup(name="user", by=("userId", "status"), sums=_NUMBERS, spreads=("durationMs",)),
        Rollup(
            name="users",
            by=("userId", "status", "model", "feature", "routing.wasRouted"),
            sums=_NUMBERS,
            spreads=("durationMs",),
        ),
    ),
    changes=(
        Change("update", Update, update, ("requestId", "status")),
        Change("feedback", Feedback, feedback, ("requestId", "rating")),
    ),
)
