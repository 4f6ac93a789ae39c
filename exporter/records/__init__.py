"""What is recorded: one file a family. To add one, write its file and name it here."""

from ..family import Family
from .ai_request import AI_REQUEST
from .alert import ALERT
from .credit import CREDIT
from .engagement import ENGAGEMENT
from .health_check import HEALTH_CHECK, HEALTH_PROBE
from .incident import INCIDENT
from .maintenance import MAINTENANCE
from .performance import PERFORMANCE
from .sale import SALE
from .system_sample import SYSTEM_SAMPLE

TRACKED: tuple[Family, ...] = (AI_REQUEST, ENGAGEMENT, SALE, PERFORMANCE, CREDIT)
"""The families that callers post."""

FAMILIES: tuple[Family, ...] = (
    *TRACKED,
    SYSTEM_SAMPLE,
    ALERT,
    HEALTH_CHECK,
    HEALTH_PROBE,
    INCIDENT,
    MAINTENANCE,
)
"""All that is stored."""

__all__ = [
    "AI_REQUEST",
    "ALERT",
    "CREDIT",
    "ENGAGEMENT",
    "FAMILIES",
    "HEALTH_CHECK",
    "HEALTH_PROBE",
    "INCIDENT",
    "MAINTENANCE",
    "PERFORMANCE",
    "SALE",
    "SYSTEM_SAMPLE",
    "TRACKED",
]
