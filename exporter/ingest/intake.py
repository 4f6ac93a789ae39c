"""From a tracking call's body to the document that is stored: whose it is, when it was, from where.

Nothing here waits for anything; what is wrong with an event is known before it is queued.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..access.principal import Principal, Role
from ..clock import to_milliseconds
from ..errors import Forbidden, Invalid, Problem
from ..family import Family, Origin, Price, Tracked
from ..ids import new_id

AHEAD = timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours, and a user's behind."""


class Caller(msgspec.Struct, frozen=True):
    """Who sends events, from where, and when: the same for all events of one call."""

    principal: Principal
    origin: Origin
    now: datetime


class Intake:
    """Makes documents of bodies. `retention` is how long each family, by kind, is kept."""

    def __init__(self, retention: Mapping[str, timedelta], price: Price) -> None:
        self._retention = retention
        self._price = price

    def document(self, family: Family, body: Tracked, caller: Caller) -> Any:
        """The document to store for a body; Invalid or Forbidden say what is wrong with it."""
        if problems := family.check(body):
            raise Invalid.of(problems)
        values = msgspec.structs.asdict(body)
        values.update(self._owner(body, caller.principal))
        values[family.time_attribute] = self._time(family, body, caller)
        if values.get(family.key_attribute) is None:
            values[family.key_attribute] = new_id()
        document = family.document(**values, origin=caller.origin)
        family.complete(document, self._price)
        return document

    def _owner(self, body: Tracked, principal: Principal) -> dict[str, str | None]:
        """The tenant, user and plan of an event: a service says them, everyone else has them."""
        scope = principal.write_scope(body.tenant_id, body.user_id)
        plan = body.user_plan
        if principal.role is not Role.SERVICE:
            if plan not in (None, principal.plan):
                raise Forbidden(
                    "Only a service key may set a plan.",
                    [Problem("userPlan", "not the caller's own")],
                )
            plan = principal.plan
        return {"tenant_id": scope.tenant, "user_id": scope.user, "user_plan": plan}

    def _time(self, family: Family, body: Tracked, caller: Caller) -> datetime:
        said: datetime | None = getattr(body, family.time_attribute)
        if said is None:
            return caller.now
        problem = None
        if said > caller.now + AHEAD:
            problem = "more than 5 minutes in the future"
        elif said <= caller.now - self._retention[family.kind]:
            problem = "older than events of this kind are kept"
        elif said < caller.now - AHEAD and caller.principal.role is not Role.SERVICE:
            problem = "in the past, which only a service key may send"
        if problem is not None:
            raise Invalid.field(family.time_field, problem)
        return to_milliseconds(said)
