"""Single records, newest first: the history of AI requests, and what a user did.

What is shown is listed field by field, so that nothing is shown because it was stored: never a
prompt, a response, an address or a user agent.
"""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..fields import FreeMap
from ..records.ai_request import AI_REQUEST, RequestError, Routing, Tokens
from ..records.engagement import ENGAGEMENT, PageMetadata
from ..storage.base import Store
from ..storage.query import Find, Order, Where
from ..storage.together import together
from .answer import Answer
from .period import Period, select
from .usage import count

Item = TypeVar("Item", bound=Answer)


class RequestItem(Answer, frozen=True):
    """One AI request, without what was said in it."""

    request_id: str
    status: str
    model: str
    provider: str | None
    feature: str | None
    complexity: str | None
    language: str | None
    user_id: str | None
    user_plan: str | None
    session_id: str | None
    team_id: str | None
    project_id: str | None
    tokens: Tokens | None
    cost: Annotated[float | None, Meta(description="US dollars.")]
    cost_source: Annotated[str | None, Meta(description="`reported` or `estimated`.")]
    duration_ms: Annotated[float | None, Meta(description="From its start to its end.")]
    queue_time_ms: Annotated[float | None, Meta(description="What of it was waiting.")]
    error: RequestError | None
    routing: Routing | None
    rating: Annotated[int | None, Meta(description="The user's, from 1 to 5.")]
    created_at: datetime
    ended_at: datetime | None
    updated_at: datetime | None


class EventItem(Answer, frozen=True):
    """One engagement event."""

    event_id: str
    timestamp: datetime
    event: str
    session_id: str
    user_id: str | None
    user_plan: str | None
    page: str | None
    feature: str | None
    value: Annotated[float | None, Meta(description="What the event says it is worth.")]
    properties: FreeMap | None
    metadata: PageMetadata | None


class Pagination(Answer, frozen=True):
    """Where a page stands; pages are counted from 1."""

    page: Annotated[int, Meta(description="Which page this is.")]
    limit: Annotated[int, Meta(description="Records on a page at most.")]
    total: Annotated[int, Meta(description="Records that match.")]
    pages: Annotated[int, Meta(description="Pages with records on them.")]


class RequestPage(Answer, frozen=True):
    """A page of AI requests, newest first."""

    requests: list[RequestItem]
    pagination: Pagination


async def history(
    store: Store, scope: Scope, period: Period, where: Where, *, page: int, limit: int
) -> RequestPage:
    """The AI requests of the scope that began in the period, a page of them, newest first."""
    selected = select(AI_REQUEST, scope, period, where)
    items, total = await together(
        store,
        _newest(store, AI_REQUEST, RequestItem, selected, limit=limit, offset=(page - 1) * limit),
        count(store, scope, period, where),
    )
    return RequestPage(
        requests=items,
        pagination=Pagination(page=page, limit=limit, total=total, pages=-(-total // limit)),
    )


async def journey(
    store: Store, scope: Scope, period: Period, where: Where, *, limit: int
) -> list[EventItem]:
    """The last engagement events of the scope in the period, newest first."""
    return await _newest(
        store, ENGAGEMENT, EventItem, select(ENGAGEMENT, scope, period, where), limit=limit
    )


async def _newest(
    store: Store,
    family: Family,
    item: type[Item],
    where: Where,
    *,
    limit: int,
    offset: int = 0,
) -> list[Item]:
    shown = set(item.__struct_encode_fields__)
    documents = await store.find(
        Find(
            family=family,
            where=where,
            order=(Order(family.time_field, descending=True),),
            limit=limit,
            offset=offset,
            leave_out=frozenset(family.document.__struct_encode_fields__) - shown,
        )
    )
    return [msgspec.convert(document, item, from_attributes=True) for document in documents]
