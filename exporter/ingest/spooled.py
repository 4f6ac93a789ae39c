"""Entries of the spool: events and changes as bytes, and back.

An event is kept as the document that would have been stored. A change is kept as the call that
asked for it, because what it comes to depends on the record, which cannot be read; where a write
of it was tried, with what was tried as well, for nobody knows whether that was done.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ..access.principal import Scope
from ..family import Family
from ..fields import Money
from .step import Command, Step


class _Event(msgspec.Struct, tag="event"):
    family: str
    id: str
    document: msgspec.Raw


class _Attempt(msgspec.Struct):
    id: str
    before: msgspec.Raw
    after: msgspec.Raw


class _Change(msgspec.Struct, tag="change"):
    family: str
    change: str
    key: str
    body: msgspec.Raw
    tenant: str
    user: str | None
    now: datetime
    attempt: _Attempt | None = None


Entry = Step | Command
"""A Step of an event, or of a change that was tried; a Command that was not."""


class Packing:
    """Makes bytes of entries, and entries of bytes, for some families."""

    def __init__(self, families: tuple[Family, ...]) -> None:
        self._families: Mapping[str, Family] = {family.kind: family for family in families}
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_encode_money)
        self._decoder = msgspec.msgpack.Decoder(_Event | _Change)

    def pack(self, entry: Entry) -> bytes:
        """The bytes to keep."""
        if isinstance(entry, Step) and entry.command is None:
            return self._encoder.encode(_Event(entry.family.kind, entry.id, self._raw(entry.after)))
        attempt = None
        command = entry if isinstance(entry, Command) else entry.command
        assert command is not None  # noqa: S101  # the case above took the Steps without one
        if isinstance(entry, Step):
            attempt = _Attempt(entry.id, self._raw(entry.before), self._raw(entry.after))
        return self._encoder.encode(
            _Change(
                family=command.family.kind,
                change=command.change.name,
                key=command.key,
                body=self._raw(command.body),
                tenant=command.scope.tenant,
                user=command.scope.user,
                now=command.now,
                attempt=attempt,
            )
        )

    def unpack(self, data: bytes) -> Entry:
        """The entry that `pack` made bytes of.

        ValueError (msgspec's errors are such) or KeyError for what this version cannot read.
        """
        entry = self._decoder.decode(data)
        family = self._families[entry.family]
        if isinstance(entry, _Event):
            return Step(family, None, _decode(entry.document, family.document), id=entry.id)
        change = family.change(entry.change)
        command = Command(
            family,
            change,
            entry.key,
            _decode(entry.body, change.body),
            Scope(entry.tenant, entry.user),
            entry.now,
        )
        if entry.attempt is None:
            return command
        before, after = (
            _decode(raw, family.document) for raw in (entry.attempt.before, entry.attempt.after)
        )
        return Step(family, before, after, command, entry.attempt.id)

    def _raw(self, value: Any) -> msgspec.Raw:
        return msgspec.Raw(self._encoder.encode(value))


def _encode_money(value: object) -> str:
    if isinstance(value, Money):
        return str(value)
    raise TypeError(f"cannot keep {type(value).__name__}")


def _decode_money(kind: type, value: object) -> object:
    if kind is Money:
        return Money(str(value))
    raise TypeError(f"cannot read {kind.__name__}")


def _decode(raw: msgspec.Raw, schema: type[Any]) -> Any:
    return msgspec.msgpack.decode(raw, type=schema, dec_hook=_decode_money)
