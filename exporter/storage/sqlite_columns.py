"""A document as a flat row of columns, and back.

Nested structs are flattened to dotted columns. One that may be None has a column of its own name
beside them, 1 where it is there: a struct of nothing but Nones comes back as it was. All that can
be known from the schema is worked out once; a document then costs a few calls into C.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from operator import is_not, itemgetter
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, astuple, fields

from ..family import nested_struct
from .kinds import is_optional
from .sqlite_values import PRESENCE, Form, form_of, weight

Slots = Sequence[Any]
"""Stored values in the schema's own order: a struct's fields, then those of each nested one."""
Filled = bytes
"""For each slot 1 where a document has a value there, else 0."""


@dataclass(frozen=True)
class Column:
    """One column: its dotted wire name, its form, and the slot that its values come from."""

    name: str
    form: Form
    slot: int
    weight: int


class StructLayout:
    """Where the values of one struct lie among the slots, and those nested in it behind them.

    presence: what the slot of the struct itself holds where it is there; None without a column.
    """

    presence: int | None = None

    def __init__(self, schema: type[msgspec.Struct], prefix: str = "", first: int = 0) -> None:
        self._schema = schema
        self._attributes = schema.__struct_fields__
        self._columns: list[Column] = []
        self._stores: list[tuple[int, Callable[[Any], Any]]] = []
        self._loads: list[tuple[str, Callable[[Any], Any]]] = []
        self._defaults: list[tuple[str, Callable[[], Any]]] = []
        self._nested: list[tuple[int, str, int, StructLayout]] = []
        self._own = self.width = len(self._attributes)
        for position, part in enumerate(fields(schema)):
            inner = nested_struct(part.type)
            if inner is None:
                self._add_value(part, position, prefix, first)
            else:
                self._add_struct(part, position, inner, prefix, first)
        self._nothing = (None,) * self.width

    def _add_value(self, part: FieldInfo, position: int, prefix: str, first: int) -> None:
        form = form_of(part.type)
        name = prefix + part.encode_name
        self._columns.append(Column(name, form, first + position, weight(part.type)))
        if form.store is not None:
            self._stores.append((position, form.store))
        if form.load is not None:
            self._loads.append((part.name, form.load))
        if not is_optional(part.type) and not part.required:
            self._defaults.append((part.name, _default(part)))

    def _add_struct(
        self,
        part: FieldInfo,
        position: int,
        inner: type[msgspec.Struct],
        prefix: str,
        first: int,
    ) -> None:
        name = prefix + part.encode_name
        layout = StructLayout(inner, f"{name}.", first + self.width)
        if is_optional(part.type):
            self._columns.append(Column(name, PRESENCE, first + position, 0))
            layout.presence = 1
        self._nested.append((position, part.name, self.width, layout))
        self.width += layout.width

    def columns(self) -> Iterator[Column]:
        """The columns of this struct and of those nested in it."""
        yield from self._columns
        for _, _, _, layout in self._nested:
            yield from layout.columns()

    def flatten(self, struct: Any) -> list[Any]:
        """The slots of a struct; raises TypeError, ValueError or ArithmeticError for a value that
        its type would not allow."""
        if type(struct) is not self._schema:
            raise TypeError(f"not a {self._schema.__name__}")
        slots = list(astuple(struct))
        for position, store in self._stores:
            value = slots[position]
            if value is not None:
                slots[position] = store(value)
        for position, _, _, layout in self._nested:
            inner = slots[position]
            if inner is None:
                slots += layout._nothing
            else:
                slots[position] = layout.presence
                slots += layout.flatten(inner)
        return slots

    def build(self, slots: Slots, start: int = 0) -> Any:
        """The struct whose slots begin at `start`.

        A value that was never stored, since its field is newer than the row, is its default.
        """
        values = dict(zip(self._attributes, slots[start : start + self._own], strict=True))
        for name, load in self._loads:
            stored = values[name]
            if stored is not None:
                values[name] = load(stored)
        for name, default in self._defaults:
            if values[name] is None:
                values[name] = default()
        for _, name, offset, layout in self._nested:
            if values[name] is not None:
                values[name] = layout.build(slots, start + offset)
        return self._schema(**values)


class DocumentLayout:
    """The columns of a family's documents, small values first, and the ways there and back."""

    def __init__(self, schema: type[msgspec.Struct]) -> None:
        self._root = StructLayout(schema)
        self.columns = tuple(sorted(self._root.columns(), key=lambda column: column.weight))
        self.forms = {column.name: column.form for column in self.columns}
        self._names = {column.slot: column.name for column in self.columns}
        self._arrange = itemgetter(*(column.slot for column in self.columns))

    def row(self, document: Any) -> tuple[Any, ...]:
        """The stored values of a document, in the order of `columns`; raises as `flatten` does."""
        arranged: tuple[Any, ...] = self._arrange(self._root.flatten(document))
        return arranged

    def filled(self, document: Any) -> tuple[Filled, list[Any]]:
        """Which slots a document fills, and the stored values of those; raises as `flatten` does.

        Most documents leave most columns empty, and giving SQLite a NULL takes Python several
        times as long as giving it a value.
        """
        slots = self._root.flatten(document)
        filled = bytes(map(is_not, slots, repeat(None)))
        return filled, list(compress(slots, filled))

    def names(self, filled: Filled) -> list[str]:
        """The columns of the values that `filled` gives."""
        return [self._names[slot] for slot, there in enumerate(filled) if there]

    def selection(self, leave_out: frozenset[str] = frozenset()) -> str:
        """The select list whose rows `document` reads, without the fields that are left out."""
        return ", ".join(self._selected(slot, leave_out) for slot in range(self._root.width))

    def _selected(self, slot: int, leave_out: frozenset[str]) -> str:
        name = self._names.get(slot)
        if name is None:  # a struct that is always there has no column of its own
            return "1"
        return "NULL" if name.partition(".")[0] in leave_out else quote(name)

    def document(self, slots: Slots, blank: Sequence[str] = ()) -> Any:
        """The document of a selection's row; the attributes in `blank` become None."""
        document = self._root.build(slots)
        for attribute in blank:
            setattr(document, attribute, None)
        return document


def quote(name: str) -> str:
    """A name as SQL has it: a table, a column, an index."""
    return '"' + name.replace('"', '""') + '"'


def _default(part: FieldInfo) -> Callable[[], Any]:
    if part.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = part.default_factory
        return factory
    return lambda: part.default
