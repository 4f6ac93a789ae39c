"""JSON Schemas of the types that routes declare, under names that people would give them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from inspect import cleandoc
from typing import Any

import msgspec

from ..fields import Money

Schema = dict[str, Any]
Struct = type[msgspec.Struct]

REF = "#/components/schemas/"
_NUMBER = {"type": "number"}
_DECIMAL = {"type": "string", "format": "decimal"}


class Schemas:
    """The schemas of all types that are `read` (bodies, queries) or `written` (answers).

    Every Struct and Enum becomes a component that is named after its class. Classes of one name in
    several modules are told apart by their module's name in front: `Track` of records/sale.py is
    `SaleTrack`. ValueError where that still leaves two of one name.
    """

    def __init__(self, read: Sequence[Any], written: Sequence[Any]) -> None:
        self._types = [*read, *written]
        inputs, outputs = _structs(read), _structs(written)
        if twice := _repeated(_full_name(struct) for struct in {*inputs, *outputs}):
            raise ValueError(f"several schemas are called {twice}")
        schemas, found = msgspec.json.schema_components(
            self._types, schema_hook=_custom, ref_template=REF + "{name}"
        )
        for struct in {**inputs, **outputs}:
            name = _full_name(struct)
            schema = found[name if name in found else struct.__name__]
            _mark_times(struct, schema)
            if struct not in inputs:
                _mark_present(struct, schema)
        names = {name: _short_name(name) for name in found}
        if twice := _repeated(names.values()):
            raise ValueError(f"several schemas are called {twice}")
        self._schemas = [_tidy(schema, names) for schema in schemas]
        self._components = {names[name]: _tidy(found[name], names) for name in found}

    def of(self, kind: Any) -> Schema:
        """The schema of one of the types: of a Struct, a reference to its component."""
        return self._schemas[self._types.index(kind)]

    def resolved(self, kind: Any) -> Schema:
        """The component of one of the types, a Struct."""
        return self._components[self._name(kind)]

    def components(self, without: Collection[Any] = ()) -> dict[str, Schema]:
        """The components by name, sorted, but not those of the types `without`."""
        left_out = {self._name(kind) for kind in without}
        return {
            name: self._components[name]
            for name in sorted(self._components)
            if name not in left_out
        }

    def _name(self, kind: Any) -> str:
        reference: str = self.of(kind)["$ref"]
        return reference.removeprefix(REF)


def _structs(kinds: Iterable[Any]) -> dict[Struct, None]:
    """All Structs that types are made of, each once, in the order in which they are met."""
    found: dict[Struct, None] = {}

    def look(kind: Any) -> None:
        for part in getattr(kind, "__args__", ()):
            look(part)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
            found[kind] = None
            for field in msgspec.structs.fields(kind):
                look(field.type)

    for kind in kinds:
        look(kind)
    return found


def _custom(kind: type) -> Schema:
    if kind is Money:
        return {"type": "number", "minimum": 0, "maximum": float(Money.LARGEST)}
    raise NotImplementedError(f"no schema for {kind!r}")


def _full_name(struct: Struct) -> str:
    """The name that msgspec gives a component whose class shares its name with another."""
    return f"{struct.__module__}.{struct.__qualname__}"


def _short_name(name: str) -> str:
    """`exporter.records.ai_request.Track` is `AiRequestTrack`; a name without dots stays."""
    *_, module, name = ("", *name.split("."))
    return "".join(word.title() for word in module.split("_")) + name


def _repeated(names: Iterable[str]) -> str:
    """The names that occur more than once; empty where none does."""
    return ", ".join(name for name, times in Counter(names).items() if times > 1)


def _mark_times(struct: Struct, schema: Schema) -> None:
    """Say of times that they are such: msgspec does so only where a zone is required."""
    for field in msgspec.structs.fields(struct):
        if _holds_time(field.type):
            _mark_strings(schema["properties"][field.encode_name])


def _holds_time(kind: Any) -> bool:
    return kind is datetime or any(_holds_time(part) for part in getattr(kind, "__args__", ()))


def _mark_strings(schema: Schema) -> None:
    if schema.get("type") == "string":
        schema["format"] = "date-time"
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", ())]
    for part in inner:
        if isinstance(part, dict):
            _mark_strings(part)


def _mark_present(struct: Struct, schema: Schema) -> None:
    """Say that an answer has all its fields: a default matters only to who reads a Struct."""
    if not struct.__struct_config__.omit_defaults:
        schema["required"] = list(schema["properties"])
        for field in schema["properties"].values():
            field.pop("default", None)


def _tidy(schema: Schema, names: dict[str, str]) -> Schema:
    """A schema with short names, decimals as the numbers they are on the wire, and no titles."""
    if _DECIMAL.items() <= schema.items():
        schema = {key: value for key, value in schema.items() if key not in _DECIMAL} | _NUMBER
    tidy: Schema = {}
    for keyword, value in schema.items():
        match keyword, value:
            case "title", _:
                pass
            case "default", tuple():
                tidy[keyword] = list(value)
            case "description", str():
                tidy[keyword] = cleandoc(value)
            case "$ref", str():
                tidy[keyword] = _renamed(value, names)
            case "discriminator", {"propertyName": tag, "mapping": mapping}:
                references = {name: _renamed(value, names) for name, value in mapping.items()}
                tidy[keyword] = {"propertyName": tag, "mapping": references}
            case "properties", dict():
                tidy[keyword] = {name: _tidy(part, names) for name, part in value.items()}
            case (("anyOf" | "prefixItems"), list()):
                tidy[keyword] = [_tidy(part, names) for part in value]
            case (("items" | "additionalProperties"), dict()):
                tidy[keyword] = _tidy(value, names)
            case _:
                tidy[keyword] = value
    return tidy


def _renamed(reference: str, names: dict[str, str]) -> str:
    return REF + names[reference.removeprefix(REF)]
