"""Who did something, when, and how much of what: the events of all families, user by user.

Activity is asked for as any family is, but nothing records it: it is made of the records of the
families that callers post, and kept as rollups, a document for each user and day among them.
"""

from datetime import datetime
from typing import Any

import msgspec

from ..family import Family, Rollup
from ..records import TRACKED
from .documents import KEY, RETENTION, TENANT, TIME, USER, unmirrored

KINDS = tuple(family.kind for family in TRACKED)
PLAN = "userPlan"
USERS = "users"
"""The rollup of what each user did."""

_document: Any = msgspec.defstruct(
    "Activity",
    [
        (TENANT, str),
        (KEY, str),
        (USER, str | None),
        (PLAN, str | None),
        (TIME, datetime),
        *((kind, int) for kind in KINDS),
    ],
)

ACTIVITY = Family(
    kind="activity",
    collection="activity",
    body=_document,
    document=_document,
    key=KEY,
    time_field=TIME,
    retention=RETENTION,
    mirror=unmirrored,
    dimensions=(PLAN,),
    measures=KINDS,
    rollups=(
        Rollup(name="all", sums=KINDS, members=(USER,)),
        Rollup(name=USERS, by=(USER, PLAN), sums=KINDS, extremes=(TIME,)),
    ),
)
"""What users did. `time` is when; the field of a family's kind is 1 for one of its events."""
