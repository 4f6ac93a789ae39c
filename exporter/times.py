"""Times in what was read, and those among them that the calendar of UTC does not have.

`9999-12-31T23:59:59-10:00` can be read and stored, but no more be read from the store: it lies in
the year 10000.
"""

from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, NamedTuple

import msgspec

from .errors import Problem
from .family import nested_struct

OUT_OF_RANGE = f"Expected a time that lies in the years {MINYEAR} to {MAXYEAR} in UTC"


class Times(NamedTuple):
    """Where a schema has times: its fields by their attribute and their name on the wire.

    inner: the fields that hold a document with times, or a list of such.
    """

    fields: tuple[tuple[str, str], ...]
    inner: "tuple[tuple[str, str, Times], ...]"

    @classmethod
    def of(cls, schema: Any) -> "Times":
        """Where the times of a schema, a Struct, are."""
        parts = msgspec.structs.fields(schema)
        found = [(part, _struct_in(part.type)) for part in parts]
        deeper = [(part, cls.of(inner)) for part, inner in found if inner is not None]
        return cls(
            tuple((part.name, part.encode_name) for part in parts if is_time(part.type)),
            tuple((part.name, part.encode_name, times) for part, times in deeper if any(times)),
        )

    def problems(self, body: Any, prefix: str = "") -> Iterator[Problem]:
        """What is wrong with the times of a body of the schema."""
        for attribute, name in self.fields:
            time = getattr(body, attribute)
            if time is not None and not _in_utc(time):
                yield Problem(prefix + name, OUT_OF_RANGE)
        for attribute, name, times in self.inner:
            value = getattr(body, attribute)
            if isinstance(value, list):
                for place, one in enumerate(value):
                    yield from times.problems(one, f"{prefix}{name}[{place}].")
            elif value is not None:
                yield from times.problems(value, f"{prefix}{name}.")


def is_time(kind: Any) -> bool:
    """Whether a field's type is a time, or may be one."""
    return kind is datetime or any(map(is_time, getattr(kind, "__args__", ())))


def _in_utc(time: datetime) -> bool:
    if MINYEAR < time.year < MAXYEAR:  # no offset leads out of the calendar
        return True
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The Struct that a field's type is, may be, or is a list of."""
    parts = [kind, *getattr(kind, "__args__", ())]
    found = (nested_struct(part) for part in parts)
    return next((one for one in found if one is not None), None)
