"""What a JSON Schema says, in words: the fields of an object in one flat list, for people.

Only the keywords that web/schemas.py writes are read. Code stands between backticks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from .schemas import REF, Schema

NULL: Schema = {"type": "null"}
FORMATS = {"date-time": "time", "date": "date"}
RANGES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " entries"),
)


@dataclass(frozen=True)
class Line:
    """A field: the way to it (`tokens.input`, `rejected[].index`), its type, limits and meaning."""

    path: str
    kind: str
    limits: str
    meaning: str
    required: bool


class Words:
    """Reads schemas that refer to `components` by name."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = components

    def line(self, path: str, schema: Schema, *, required: bool) -> Line:
        """A single value."""
        sources = (schema, _present(schema), self.inside(schema)[0] or {})
        meaning = next((one["description"] for one in sources if "description" in one), "")
        return Line(path, self.kind(schema), limits(schema), meaning, required)

    def lines(self, schema: Schema, prefix: str = "") -> Iterator[Line]:
        """The fields of an object, and after each those of the objects in it."""
        for name, part in schema["properties"].items():
            path = prefix + name
            yield self.line(path, part, required=name in schema["required"])
            inside, way = self.inside(part)
            if inside is not None:
                yield from self.lines(inside, f"{path}{way}.")

    def inside(self, schema: Schema) -> tuple[Schema | None, str]:
        """The object that a value is or holds, if one, and the way there: `[]`, `.*` or both."""
        schema = self._resolved(_present(schema))
        if "properties" in schema:
            return schema, ""
        for keyword, step in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(schema.get(keyword), dict):
                inside, way = self.inside(schema[keyword])
                return inside, step + way
        return None, ""

    def kind(self, schema: Schema) -> str:
        """The type of a value in a few words; that null counts as absent goes without saying."""
        if "anyOf" in schema:
            options = [option for option in schema["anyOf"] if option != NULL]
            tell = self.kind if len(options) == 1 else self._name
            kinds = [tell(option) for option in options]
            if NULL in schema["anyOf"] and "default" not in schema:
                kinds.append("null")
            return " or ".join(kinds)
        schema = self._resolved(schema)
        if "enum" in schema:
            return " or ".join(f"`{_plain(value)}`" for value in schema["enum"])
        if "items" in schema:
            entries = self.kind(schema["items"])
            return f"list of {entries}{'s' if entries.isalpha() else ''}"
        return FORMATS.get(schema.get("format", ""), str(schema.get("type", "value")))

    def _name(self, schema: Schema) -> str:
        """One of several types: an object by the name of its schema."""
        return f"`{schema['$ref'].removeprefix(REF)}`" if "$ref" in schema else self.kind(schema)

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._components[reference.removeprefix(REF)] if reference else schema


def limits(schema: Schema) -> str:
    """What a value may be within its type, and what it is when left out."""
    told = []
    value = _present(schema)
    for least, most, unit in RANGES:
        ends = [_number(value[end]) for end in (least, most) if end in value]
        if ends:
            word = "at least " if most not in value else "at most " if least not in value else ""
            told.append(f"{word}{' to '.join(ends)}{unit}")
    if "pattern" in value and "description" not in value:  # which says it better
        told.append(f"matches `{value['pattern']}`")
    if schema.get("default") is not None:
        told.append(f"default `{_plain(schema['default'])}`")
    return ", ".join(told)


def _present(schema: Schema) -> Schema:
    """The schema of a value that is not null."""
    options = [option for option in schema.get("anyOf", ()) if option != NULL]
    return options[0] if len(options) == 1 else schema


def _number(value: float) -> str:
    return f"{value:,.15g}" if value % 1 else f"{int(value):,}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
