"""User engagement: what people did in the product, by session."""

from typing import Annotated

from msgspec import Meta, Struct

from ..family import Family, Mirror, Origin, Tracked
from ..fields import Count, FreeMap, Identifier, Label, Moment, Percentage, Quantity, Url
from ..metrics import catalogue


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
    """The body of `POST /api/analytics/engagement/track`."""

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
    """What is stored of an engagement event."""

    origin: Origin = Origin()


def mirror(before: Engagement | None, after: Engagement, out: Mirror) -> None:
    """Each event counts once."""
    out.inc(
        catalogue.USER_ENGAGEMENT_EVENTS,
        (after.event, after.feature or "", after.user_plan or "", after.origin.device_type),
    )


ENGAGEMENT = Family(
    kind="engagement",
    collection="engagement_events",
    body=Track,
    document=Engagement,
    key="eventId",
    time_field="timestamp",
    retention="metrics_retention_days",
    dimensions=(
        "event",
        "sessionId",
        "page",
        "feature",
        "userPlan",
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
    answer=("eventId",),
    mirror=mirror,
)
