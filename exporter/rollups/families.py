"""All that is stored beside what is recorded: rollups, how far they are, and leases."""

from ..family import Family
from .digests import Digest
from .lease import LEASES
from .moments import MOMENTS
from .progress import MARKS, REACHED
from .sources import SUBJECTS
from .visits import VISITS

DIGESTS: tuple[Digest, ...] = (VISITS, MOMENTS)
"""What is kept of records beside numbers."""

ROLLUPS: tuple[Family, ...] = (
    *(level for subject in SUBJECTS.values() for level in subject.kept.levels.values()),
    *(level for digest in DIGESTS for level in digest.levels.values()),
)
"""The families of rollup documents, of every level."""

DERIVED: tuple[Family, ...] = (*ROLLUPS, MARKS, REACHED, LEASES)
"""What the service keeps for itself."""
