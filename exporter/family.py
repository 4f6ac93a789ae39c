"""What a family of events declares, once.

Validation, SQLite columns, MongoDB indexes, the batch call, the OpenAPI page and the query layer
are all derived from a `Family`. Field names here are those of the wire: camelCase, dotted where
nested (`tokens.input`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Protocol

import msgspec

from .errors import Problem
from .fields import Identifier, Label


class Tracked(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What the bodies of all tracking calls share.

    `userId`, `userPlan` and `tenantId` may be set by service keys; for everyone else they are
    what the credential says.
    """

    user_id: Identifier | None = None
    user_plan: Label | None = None
    tenant_id: Identifier | None = None


class Amendment(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What the bodies of calls that change a record share: whose it is, for service keys."""

    user_id: Identifier | None = None
    tenant_id: Identifier | None = None


class Origin(msgspec.Struct, rename="camel", frozen=True):
    """Where an event came from, as the service saw it; a caller cannot set any of it."""

    ip_address: str | None = None
    user_agent: str | None = None
    device_type: str = "unknown"
    browser: str | None = None
    os: str | None = None
    trace_id: str | None = None


class Mirror(Protocol):
    """Where a family's `mirror` puts what a stored document means to Prometheus.

    `metric` is one of metrics/catalogue.py; `labels` are its label values, in its order.
    """

    def inc(self, metric: Any, labels: tuple[str, ...], amount: float = 1.0) -> None:
        """Add `amount` to a counter."""

    def observe(
        self, metric: Any, labels: tuple[str, ...], value: float, exemplar: "Exemplar | None" = None
    ) -> None:
        """Put one `value` into a histogram."""

    def set(self, metric: Any, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge to the last value that was reported."""


Exemplar = tuple[str, str]
"""The name and the value of an exemplar's label: `("trace_id", "4bf9…")`."""


class Price(Protocol):
    """A price list for AI models."""

    def __call__(
        self,
        model: str,
        provider: str | None,
        input_tokens: int,
        output_tokens: int,
        at: datetime,
    ) -> float | None:
        """US dollars for so many tokens at that time, or None for a model not in the list."""


@dataclass(frozen=True)
class Index:
    """A secondary index, on `fields` in order; kept few, since each costs on every insert.

    without: where it is given, the index has only the documents without this field, and costs
        nearly nothing on those with it. It serves questions that ask for its absence.
    """

    fields: tuple[str, ...]
    without: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """All fields that it is made of."""
        return self.fields if self.without is None else (*self.fields, self.without)


@dataclass(frozen=True, kw_only=True)
class Rollup:
    """Numbers of a family that are kept by the hour, the day and the month, for fast answers.

    A question can be answered from it that filters and groups by nothing but `by`, the tenant
    and time, and asks for nothing but what is listed here, and how many records there are.

    name: what it is called among the family's; one that keeps something else gets another name.
    by: the fields that its numbers are kept by; none for those of a whole tenant.
    time: the time that decides on the bucket, None for the family's own. A record gets another one
        at some moment, which is never before its own, and keeps it and what it is counted with
        there: those numbers never shrink.
    only: fields that a record has to have, to be in it; a question has to ask for just those.
    sums: measures that are added up; their means can be asked for as well.
    extremes: measures whose least and greatest values are kept.
    spreads: measures whose distribution is kept, for percentiles.
    members: fields whose different values are kept, to be counted.
    """

    name: str
    by: tuple[str, ...] = ()
    time: str | None = None
    only: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    extremes: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A later call that changes a stored document: its body, and the step it takes.

    `apply(document, body, now)` gives the changed document, or the same object when there is
    nothing to change; it raises Conflict on a step that the document cannot take.
    """

    name: str
    body: type[Amendment]
    apply: Callable[[Any, Any, datetime], Any]
    answer: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of events.

    kind: its name in a batch, in metrics and in logs.
    collection: the MongoDB collection and the SQLite table.
    body, document: the schema of a tracking call, and of what is stored. The document extends the
        body, and its own fields come after.
    key: the unique key, within a tenant; made by the service where the caller gave none.
    time_field: when it happened.
    retention: the setting that says for how many days it is kept.
    found_with: fields that the index on (tenantId, time) has besides. Of the records of a period
        only those are looked up whose values are asked for; each costs on every insert.
    indexes: beside the unique (tenantId, key) and (tenantId, time), which every family has.
    dimensions, measures: what one may filter and group by, and what one may calculate with.
    mirror: `mirror(before, after, out)` puts into `out` what the step from the document `before`
        (None for a new one) to the document `after` means to Prometheus.
    complete: `complete(document, price)` fills in what follows from the rest: a cost, for example.
    check: problems that lie between fields, which a schema cannot say.
    duplicate: what a caller who sends the same key again is told.
    answer: the fields of the answer to a tracking call.
    changes: the later calls that change a stored document. Such a document has a `revision`.
    rollups: the numbers that are kept beside the records; of two that can answer a question, the
        first does.
    """

    kind: str
    collection: str
    body: type[Any]
    document: type[Any]
    key: str
    time_field: str
    retention: str
    mirror: Callable[[Any, Any, Mirror], None]
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    answer: tuple[str, ...] = ()
    found_with: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    duplicate: Literal["conflict", "accepted"] = "accepted"
    complete: Callable[[Any, "Price"], None] = field(default=lambda document, price: None)
    check: Callable[[Any], Sequence[Problem]] = field(default=lambda body: ())
    changes: tuple[Change, ...] = ()
    rollups: tuple[Rollup, ...] = ()

    def __post_init__(self) -> None:
        known = self.leaves
        used = {
            self.key,
            self.time_field,
            *self.dimensions,
            *self.measures,
            *self.answer,
            *self.found_with,
            *(name for index in self.indexes for name in index.used),
            *(name for rollup in self.rollups for name in _fields_of(rollup)),
        }
        if unknown := sorted(used - known.keys()):
            raise ValueError(f"{self.kind}: no such field in its document: {', '.join(unknown)}")

    @cached_property
    def leaves(self) -> dict[str, Any]:
        """Every stored field by its wire name, nested ones dotted, with its type."""
        return dict(_leaves(self.document, ""))

    @cached_property
    def key_attribute(self) -> str:
        """The document's Python attribute that holds the unique key."""
        return attribute_of(self.document, self.key)

    @cached_property
    def time_attribute(self) -> str:
        """The document's Python attribute that holds the time."""
        return attribute_of(self.document, self.time_field)

    @cached_property
    def times(self) -> dict[str, str]:
        """The fields with a time that rollups are kept by, each with its Python attribute; its own
        is the first."""
        fields = dict.fromkeys((self.time_field, *map(self.time_of, self.rollups)))
        return {field: attribute_of(self.document, field) for field in fields}

    def time_of(self, rollup: Rollup) -> str:
        """The field with the time that decides on the bucket of a record in one of its rollups."""
        return rollup.time or self.time_field

    def change(self, name: str) -> Change:
        """The declared change of that name; KeyError without one."""
        return {change.name: change for change in self.changes}[name]

    def kept_for(self, settings: Any) -> timedelta:
        """How long its records are kept under `settings`."""
        return timedelta(days=getattr(settings, self.retention))


def _fields_of(rollup: Rollup) -> tuple[str, ...]:
    time = () if rollup.time is None else (rollup.time,)
    numbers = (*rollup.sums, *rollup.extremes, *rollup.spreads, *rollup.members)
    return (*rollup.by, *time, *rollup.only, *numbers)


def attribute_of(schema: type[Any], wire_name: str) -> str:
    """The Python attribute behind a top-level field's wire name."""
    names: dict[str, str] = dict(
        zip(schema.__struct_encode_fields__, schema.__struct_fields__, strict=True)
    )
    return names[wire_name]


def nested_struct(kind: Any) -> type[msgspec.Struct] | None:
    """The Struct that a field's type is or may be (`Tokens | None`), else None."""
    for part in getattr(kind, "__args__", ()) or (kind,):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
    return None


def _leaves(schema: type[msgspec.Struct], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for part in msgspec.structs.fields(schema):
        inner = nested_struct(part.type)
        if inner is None:
            found.append((prefix + part.encode_name, part.type))
        else:
            found.extend(_leaves(inner, f"{prefix}{part.encode_name}."))
    return found
