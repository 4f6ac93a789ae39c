"""Where the numbers of a family come from before they are kept as rollups: records.

Most families are made of their own records. Activity is made of those of several families, whose
fields have other names there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..family import Family
from ..records import FAMILIES, TRACKED
from ..storage.query import By, Filter, Function, Measure, Operator, TimeBucket, Where
from .activity import ACTIVITY
from .documents import USER, Kept, kept


@dataclass(frozen=True)
class Source:
    """The records of one family, as a part of what a question is about.

    names: the fields that are called otherwise there.
    counted: the measure whose sum is the number of these records.
    where: which of the records.
    """

    family: Family
    names: Mapping[str, str]
    counted: str | None = None
    where: Where = ()

    def filters(self, where: Where) -> Where:
        """Filters of the question, as filters of the records."""
        return tuple(replace(part, field=self.name(part.field)) for part in where)

    def groups(self, by: Sequence[By]) -> tuple[By, ...]:
        """What the question groups by; the rows have the question's names where it is a time."""
        return tuple(
            replace(part, field=self.name(part.field or self.family.time_field))
            if isinstance(part, TimeBucket)
            else self.name(part)
            if isinstance(part, str)
            else part
            for part in by
        )

    def measure(self, measure: Measure) -> Measure | None:
        """A measure of the question as one of the records; None where they have no part in it."""
        where = self.filters(measure.where)
        if measure.field is not None and measure.field == self.counted:
            return Measure(measure.name, Function.COUNT, None, where)
        if measure.field is None:
            return replace(measure, where=where)
        field = self.name(measure.field)
        if field not in self.family.leaves:
            return None
        return replace(measure, field=field, where=where)

    def name(self, field: str) -> str:
        """What a field of the question is called in the records."""
        return self.names.get(field, field)


@dataclass(frozen=True)
class Subject:
    """A family that questions are about: what it is made of, and how its rollups are kept.

    recorded: whether it has records of its own, so that a question may be asked of them as it is.
    """

    family: Family
    sources: tuple[Source, ...]
    recorded: bool = True

    @property
    def kept(self) -> Kept:
        """How its rollups are kept."""
        return kept(self.family)


def _activity() -> Subject:
    sources = tuple(
        Source(
            family,
            {ACTIVITY.time_field: family.time_field},
            counted=family.kind,
            where=(Filter(USER, Operator.NE, None),),
        )
        for family in TRACKED
    )
    return Subject(ACTIVITY, sources, recorded=False)


SUBJECTS: Mapping[str, Subject] = {
    subject.family.kind: subject
    for subject in (
        *(Subject(family, (Source(family, {}),)) for family in FAMILIES if family.rollups),
        _activity(),
    )
}
"""All that has rollups, by the family's kind."""

ROLLED = frozenset(
    source.family.kind for subject in SUBJECTS.values() for source in subject.sources
)
"""The kinds whose records rollups are made of."""
