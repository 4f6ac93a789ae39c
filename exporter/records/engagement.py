"""User engagement: what people did in the product, by session."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from ..family import Family, Mirror, Origin, Price, Rollup, Tracked
from ..fields import Count, FreeMap, Identifier, Label, Moment, Percentage, Quantity, Url
from ..metrics import catalogue

IDLE = timedelta(minutes=30)
"""A session without an event for this long has ended."""
LOGOUT = "logout"
"""The event that ends a session at once."""
SEARCH = "search"
"""The event whose `properties.query` is what somebody searched for."""
LONGEST_QUERY = 128


class PageMetadata(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What the page knew: time on it in seconds, scroll depth in %, where the user came from."""

    time_on_page: Quantity | None = None
    scroll_depth: Percentage | None = None
    clicks: Count | None = None
    form_interactions: Count | None = None
    screen_resolution: Label | None = None
    referrer: Url | None = None
    utm_source: Label | None = None
    utm_medium: Label | None = None
    utm_campaign: Label | None = None
    country: Label | None = None
    city: Label | None = None


class Track(Tracked, kw_only=True):
    """The body of `POST /api/analytics/engagement/track`.

    A `logout` ends its session. The text that an event `search` has as `properties.query` is
    counted among the top searches.
    """

    event: Label
    session_id: Identifier
    page: Url | None = None
    feature: Label | None = None
    value: Annotated[float, Meta(ge=-1e15, le=1e15)] | None = None
    properties: FreeMap | None = None
    metadata: PageMetadata | None = None
    event_id: Identifier | None = None
    timestamp: Moment | None = None


class Engagement(Track, kw_only=True):
    """What is stored of an engagement event.

    `search_query` is what was searched for: free properties cannot be grouped by.
    """

    origin: Origin = Origin()
    search_query: Label | None = None


def complete(document: Engagement, price: Price) -> None:
    """Take what was searched for out of the properties, in small letters and with single blanks.

    Searches that differ in nothing else are the same search; a long one counts by its beginning.
    """
    if document.event == SEARCH and document.properties:
        query = document.properties.get("query")
        if isinstance(query, str):
            words = " ".join(query.lower().split())
            document.search_query = words[:LONGEST_QUERY].rstrip() or None


def mirror(before: Engagement | None, after: Engagement, out: Mirror) -> None:
    """Each event counts once."""
    out.inc(
        catalogue.USER_ENGAGEMENT_EVENTS,
        (after.event, after.feature or "", after.user_plan or "", after.origin.device_type),
    )


_NUMBERS = ("value", "metadata.timeOnPage", "metadata.scrollDepth")
_WHO = ("userId", "sessionId")
_FILTERS = ("event", "userPlan", "feature")
_LABELS = ("page", "searchQuery", "origin.deviceType", "origin.browser", "origin.os")

ENGAGEMENT = Family(
    kind="engagement",
    collection="engagement_events",
    body=Track,
    document=Engagement,
    key="eventId",
    time_field="timestamp",
    retention="metrics_retention_days",
    found_with=("userId",),
    dimensions=(
        "event",
        "sessionId",
        "page",
        "feature",
        "userPlan",
        "searchQuery",
        "origin.deviceType",
        "origin.browser",
        "origin.os",
        "metadata.referrer",
        "metadata.utmSource",
        "metadata.utmMedium",
        "metadata.utmCampaign",
        "metadata.country",
        "metadata.city",
    ),
    measures=(
        "value",
        "metadata.timeOnPage",
        "metadata.scrollDepth",
        "metadata.clicks",
        "metadata.formInteractions",
    ),
    rollups=(
        Rollup(name="all", sums=_NUMBERS, members=_WHO),
        *(Rollup(name=label, by=(label,), sums=_NUMBERS, members=_WHO) for label in _FILTERS),
        *(
            Rollup(name=f"{label}_users", by=(label,), sums=_NUMBERS, members=("userId",))
            for label in _LABELS
        ),
        Rollup(
            name="campaigns",
            by=("metadata.utmSource", "metadata.utmMedium", "metadata.utmCampaign"),
            sums=_NUMBERS,
            members=_WHO,
        ),
        Rollup(name="user", by=("userId",), sums=_NUMBERS, members=("sessionId",)),
        Rollup(
            name="user_events",
            by=("userId", "event", "feature"),
            sums=_NUMBERS,
            members=("sessionId",),
        ),
    ),
    answer=("eventId",),
    complete=complete,
    mirror=mirror,
)
