"""What a family may declare."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.family import Index
from exporter.records import AI_REQUEST


@pytest.mark.parametrize(
    "declared",
    [
        {"indexes": (Index(("tenantId", "mood")),)},
        {"indexes": (Index(("createdAt",), without="mood"),)},
        {"dimensions": ("mood",)},
        {"found_with": ("mood",)},
    ],
)
def test_a_field_that_no_document_has_cannot_be_declared(declared: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ai_request: no such field in its document: mood"):
        replace(AI_REQUEST, **declared)
