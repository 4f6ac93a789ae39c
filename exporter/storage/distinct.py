"""What a put asks of its documents on every engine: that each has a key of its own."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from ..family import Family, attribute_of

TENANT = "tenantId"


def check_distinct(family: Family, documents: Sequence[Any]) -> None:
    """ValueError for documents of a family that have the same (tenantId, key)."""
    identity = attrgetter(attribute_of(family.document, TENANT), family.key_attribute)
    repeated = sum(count > 1 for count in Counter(map(identity, documents)).values())
    if repeated:
        raise ValueError(f"{family.kind}: {repeated} keys occur more than once")
