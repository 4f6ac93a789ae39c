"""What is recorded: one file a family. To add one, write its file and name it here."""

from ..family import Family
from .ai_request import AI_REQUEST
from .credit import CREDIT
from .engagement import ENGAGEMENT
from .performance import PERFORMANCE
from .sale import SALE
from .system_sample import SYSTEM_SAMPLE

TRACKED: tuple[Family, ...] = (AI_REQUEST, ENGAGEMENT, SALE, PERFORMANCE, CREDIT)
"""The families that callers post."""

FAMILIES: tuple[Family, ...] = (*TRACKED, SYSTEM_SAMPLE)
"""All that is stored."""

__all__ = [
    "AI_REQUEST",
    "CREDIT",
    "ENGAGEMENT",
    "FAMILIES",
    "PERFORMANCE",
    "SALE",
    "SYSTEM_SAMPLE",
    "TRACKED",
]
