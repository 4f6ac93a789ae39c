"""A lease in the store: of several replicas, one does a job, and another takes over from it.

Whoever holds a lease has until its end to renew it. The clocks of replicas may differ by less
than its length; a job has to bear that two do it for a moment.
"""

from datetime import timedelta

from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..clock import Clock
from ..family import Family
from ..fields import Identifier, Moment
from ..ids import new_id
from ..storage.base import Insert, Outcome, Replace, Store
from .documents import RETENTION, unmirrored

LENGTH = timedelta(seconds=60)


class Held(Struct, kw_only=True, rename="camel"):
    """Who has a lease, and until when."""

    tenant_id: Identifier = DEFAULT_TENANT
    name: Identifier
    owner: Identifier
    until: Moment
    revision: int = 0


LEASES = Family(
    kind="lease",
    collection="leases",
    body=Held,
    document=Held,
    key="name",
    time_field="until",
    retention=RETENTION,
    mirror=unmirrored,
    dimensions=(),
    measures=(),
)


class Lease:
    """The lease `name`, as one owner sees it."""

    def __init__(
        self, store: Store, name: str, clock: Clock, *, owner: str = "", length: timedelta = LENGTH
    ) -> None:
        self._store = store
        self._name = name
        self._clock = clock
        self._owner = owner or new_id()
        self._length = length

    async def held(self) -> bool:
        """Take or renew it; whether this owner has it from now on, for its length.

        Raises StoreUnavailable.
        """
        now = self._clock()
        known = await self._store.get(LEASES, DEFAULT_TENANT, self._name)
        if known is not None and known.owner != self._owner and known.until > now:
            return False
        held = Held(
            name=self._name,
            owner=self._owner,
            until=now + self._length,
            revision=0 if known is None else known.revision + 1,
        )
        operation = Insert if known is None else Replace
        (outcome,) = await self._store.write([operation(LEASES, held, new_id())])
        return outcome is Outcome.STORED

    async def release(self) -> None:
        """Let another one have it at once; nothing where it is somebody else's."""
        known = await self._store.get(LEASES, DEFAULT_TENANT, self._name)
        if known is not None and known.owner == self._owner:
            known.until = self._clock()
            known.revision += 1
            await self._store.write([Replace(LEASES, known, new_id())])
