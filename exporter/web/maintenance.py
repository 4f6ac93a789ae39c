"""Maintenance windows: planned and called off by those who run the installation."""

from typing import Annotated

from msgspec import Meta, Struct

from ..clock import to_milliseconds
from ..errors import Invalid
from ..fields import Moment
from ..health import reading
from ..health.answers import WindowItem, WindowList
from ..health.check import CheckName
from ..validation import BodyDecoder
from .bodies import read_body
from .health import for_operators
from .incidents import TAG, Title
from .route import Access, Call, NoQuery, Reply, Route

PATH = "/api/incidents/maintenance"


class PlanMaintenance(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """A time of planned work."""

    title: Title
    ends_at: Moment
    starts_at: Annotated[Moment, Meta(description="Now, if left out.")] | None = None
    services: Annotated[
        list[CheckName], Meta(max_length=100, description="The checks it is about; none: all.")
    ] = []


class CancelMaintenance(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """That it is off, or over."""


_PLAN = BodyDecoder(PlanMaintenance)
_CANCEL = BodyDecoder(CancelMaintenance)


async def windows(call: Call[NoQuery]) -> WindowList:
    """All maintenance windows that are kept."""
    found = await for_operators(call).windows.read()
    return WindowList([reading.window(window) for window in found])


async def plan(call: Call[NoQuery]) -> Reply:
    """Make a maintenance window."""
    health = for_operators(call)
    body = _PLAN.decode(await read_body(call.request, call.route))
    known = {check.name for check in health.checks}
    if unknown := sorted(set(body.services) - known):
        raise Invalid.field("services", f"There is no check called {', '.join(unknown)}")
    made = await health.windows.add(
        title=body.title,
        services=body.services,
        starts_at=to_milliseconds(body.starts_at or call.now),
        ends_at=to_milliseconds(body.ends_at),
        who=call.caller.name,
        now=call.now,
    )
    return Reply(201, reading.window(made))


async def cancel(call: Call[NoQuery]) -> WindowItem:
    """End a maintenance window, or call it off."""
    health = for_operators(call)
    _CANCEL.decode(await read_body(call.request, call.route))
    key = call.request.match_info["windowId"]
    return reading.window(await health.windows.cancel(key, who=call.caller.name, now=call.now))


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path=PATH,
        summary="All maintenance windows that are kept.",
        tag=TAG,
        handle=windows,
        access=Access.ADMIN,
        answers={200: WindowList},
        errors=(503,),
    ),
    Route(
        method="POST",
        path=PATH,
        summary="Plan maintenance: its checks may be down then.",
        tag=TAG,
        handle=plan,
        access=Access.ADMIN,
        body=PlanMaintenance,
        answers={201: WindowItem},
        errors=(400, 413, 415, 503),
    ),
    Route(
        method="POST",
        path=f"{PATH}/{{windowId}}/cancel",
        summary="End a maintenance window now, or call it off.",
        tag=TAG,
        handle=cancel,
        access=Access.ADMIN,
        body=CancelMaintenance,
        answers={200: WindowItem},
        errors=(400, 404, 409, 413, 415, 503),
    ),
)
