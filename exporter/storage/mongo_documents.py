"""A document as BSON, and back.

Nested structs are sub-documents, times are dates, money is Decimal128. What is None is not there:
an absent field and a null one mean the same to every query. A free object is a sub-document as
well, for people who look into the database; one that MongoDB would not take, or not give back as
it was (a name with a `$` or a `.`, an integer of more than 64 bits), is kept as its JSON text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import cached_property
from typing import Any

import bson
import msgspec
from bson.codec_options import CodecOptions, TypeDecoder, TypeEncoder, TypeRegistry
from bson.decimal128 import Decimal128
from bson.errors import BSONError
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from msgspec.structs import FieldInfo, astuple, fields

from ..family import Family, attribute_of, nested_struct
from ..fields import Money
from .kinds import LARGEST_INTEGER, LEAST_INTEGER, FieldKind, is_optional, kind_of

TENANT = "tenantId"
REVISION = "revision"
CHANGES = "_changes"
"""The ids of the operations that changed a record last, newest at the end."""
PUT = "_put"
"""The id of the put that a derived document is from."""

DEEPEST = 60
"""Levels of a free object that are kept as such; MongoDB has an end at 100 for the whole."""

LARGEST_DOCUMENT = 16 * 1024 * 1024

REFUSED = (
    BSONError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What making BSON of one document can fail with: a value that its field could not have."""


class _Encode(TypeEncoder):
    """Decimals, and amounts of money, which are such."""

    def __init__(self, kind: type[Decimal]) -> None:
        self._kind = kind

    @property
    def python_type(self) -> Any:
        """The type that is encoded."""
        return self._kind

    def transform_python(self, value: Any) -> Decimal128:
        """The amount exactly; ValueError where it is finer than money is counted."""
        if value.as_tuple().exponent < -Money.DECIMALS and value != round(value, Money.DECIMALS):
            raise ValueError(f"more than {Money.DECIMALS} decimals")
        return Decimal128(value)


class _DecodeMoney(TypeDecoder):
    """Every Decimal128: no other is stored, and sums of integers are read from it as well."""

    bson_type = Decimal128

    def transform_bson(self, value: Any) -> Money:
        """The amount."""
        return Money(value.to_decimal())


class _DecodeInteger(TypeDecoder):
    """Integers of 64 bits, which the driver would give a type of its own."""

    bson_type = Int64

    def transform_bson(self, value: Any) -> int:
        """The plain number."""
        return int(value)


CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    type_registry=TypeRegistry(
        [_Encode(Money), _Encode(Decimal), _DecodeMoney(), _DecodeInteger()]
    ),
)
"""How values go to MongoDB and come back: times with their zone, money exact."""


class StructLayout:
    """How one schema is kept, and those nested in it."""

    def __init__(self, schema: type[msgspec.Struct]) -> None:
        self._schema = schema
        self._wire = schema.__struct_encode_fields__
        self._names: list[tuple[str, str]] = []
        self._blank: dict[str, None] = {}
        self._nested: list[tuple[str, str, StructLayout]] = []
        self._maps: list[str] = []
        self._loads: list[tuple[str, Callable[[Any], Any]]] = []
        for part in fields(schema):
            self._add(part)

    def _add(self, part: FieldInfo) -> None:
        self._names.append((part.encode_name, part.name))
        if part.required or is_optional(part.type):
            self._blank[part.name] = None
        inner = nested_struct(part.type)
        if inner is not None:
            self._nested.append((part.encode_name, part.name, StructLayout(inner)))
            return
        kind = kind_of(part.type)
        if kind is FieldKind.MAP:
            self._maps.append(part.encode_name)
            self._loads.append((part.name, _load_map))
        elif kind is FieldKind.REAL:
            self._loads.append((part.name, float))

    def stored(self, struct: Any) -> dict[str, Any]:
        """What is kept of a struct; TypeError for one of another type."""
        if type(struct) is not self._schema:
            raise TypeError(f"not a {self._schema.__name__}")
        kept = {
            name: value
            for name, value in zip(self._wire, astuple(struct), strict=True)
            if value is not None
        }
        for name, _, layout in self._nested:
            if name in kept:
                kept[name] = layout.stored(kept[name])
        for name in self._maps:
            if name in kept and not storable(kept[name]):
                kept[name] = msgspec.json.encode(kept[name]).decode()
        return kept

    def build(self, stored: dict[str, Any]) -> Any:
        """The struct that was stored; unchecked, so that what was once kept stays readable.

        A value that is not there, since its field is newer than the document, is its default.
        """
        values: dict[str, Any] = dict(self._blank)
        for name, attribute in self._names:
            if name in stored:
                values[attribute] = stored[name]
        for name, attribute, layout in self._nested:
            if name in stored:
                values[attribute] = layout.build(stored[name])
        for attribute, load in self._loads:
            if values.get(attribute) is not None:
                values[attribute] = load(values[attribute])
        return self._schema(**values)


@dataclass(frozen=True, eq=False)
class Layout:
    """How a family's documents are kept."""

    family: Family
    root: StructLayout

    @classmethod
    def of(cls, family: Family) -> "Layout":
        """The layout of a family."""
        return cls(family, StructLayout(family.document))

    @cached_property
    def kinds(self) -> dict[str, FieldKind]:
        """The kind of every field that has one, by its dotted wire name."""
        return {name: kind_of(declared) for name, declared in self.family.leaves.items()}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The top-level names."""
        return tuple(self.family.document.__struct_encode_fields__)

    def stored(self, document: Any) -> dict[str, Any]:
        """What is kept of a document; raises one of REFUSED where it cannot be kept."""
        kept = self.root.stored(document)
        for name in (TENANT, self.family.key, self.family.time_field):
            if name not in kept:
                raise ValueError(f"without {name} it would not be found again")
        return kept

    def encode(self, kept: dict[str, Any]) -> RawBSONDocument:
        """Its BSON, which the driver sends as it is; raises one of REFUSED."""
        encoded = bson.encode(kept, codec_options=CODEC)
        if len(encoded) > LARGEST_DOCUMENT:  # the driver would refuse the whole batch
            raise ValueError("larger than MongoDB can keep")
        return RawBSONDocument(encoded)

    def document(self, stored: dict[str, Any], blank: tuple[str, ...] = ()) -> Any:
        """The document that was stored; the attributes in `blank` become None."""
        document = self.root.build(stored)
        for attribute in blank:
            setattr(document, attribute, None)
        return document

    def blank(self, leave_out: frozenset[str]) -> tuple[str, ...]:
        """The attributes of top-level fields that are not read."""
        return tuple(attribute_of(self.family.document, name) for name in leave_out)


def storable(value: Any, depth: int = 0) -> bool:
    """Whether every version of MongoDB keeps a JSON value as it is, wherever it stands."""
    kind = type(value)
    if kind is int:
        return bool(LEAST_INTEGER <= value <= LARGEST_INTEGER)
    if kind is dict:
        return depth < DEEPEST and all(
            _storable_name(name) and storable(inner, depth + 1) for name, inner in value.items()
        )
    if kind is list:
        return depth < DEEPEST and all(storable(inner, depth + 1) for inner in value)
    return True


def _storable_name(name: str) -> bool:
    return name != "" and name[0] != "$" and "." not in name and "\x00" not in name


def _load_map(stored: Any) -> Any:
    return msgspec.json.decode(stored) if isinstance(stored, str) else stored
