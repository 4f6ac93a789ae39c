"""What the write path handles: a step of the store, and the call for a change it may come from."""

from datetime import datetime
from typing import Any

import msgspec

from ..access.principal import Scope
from ..family import Change, Family
from ..ids import new_id
from ..storage.base import Insert, Operation, Replace

Identity = tuple[str, str, str]
"""What a record is known by: its family's kind, its tenant, its key."""


class Command(msgspec.Struct, frozen=True):
    """A call for a change: of which record, which change, with what body, by whom, and when."""

    family: Family
    change: Change
    key: str
    body: Any
    scope: Scope
    now: datetime

    @property
    def identity(self) -> Identity:
        """The record that is to change."""
        return self.family.kind, self.scope.tenant, self.key


class Step(msgspec.Struct, frozen=True):
    """One change of the store: a new document, or `after` in the place of `before`.

    command: the call that led to a change. id: of the operation, see `storage.base.Insert`.
    """

    family: Family
    before: Any | None
    after: Any
    command: Command | None = None
    id: str = msgspec.field(default_factory=new_id)

    @property
    def operation(self) -> Operation:
        """What the store is asked for."""
        if self.before is None:
            return Insert(self.family, self.after, self.id)
        return Replace(self.family, self.after, self.id)

    @property
    def identity(self) -> Identity:
        """The record that is made or changed."""
        family = self.family
        return family.kind, self.after.tenant_id, getattr(self.after, family.key_attribute)
