"""Names and details of the schemas that msgspec cannot know."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest

from exporter.errors import Problem
from exporter.fields import Money
from exporter.records import ai_request, sale
from exporter.web.errors import ErrorBody
from exporter.web.schemas import Schemas


class Colour(Enum):
    """What it looks like."""

    RED = "red"


class Sample(msgspec.Struct, rename="camel"):
    """A sample
    in two lines.
    """

    title: str
    taken_at: datetime | None = None
    times: list[datetime] = []
    by_name: dict[str, datetime] = {}
    size: tuple[int, str] = (1, "a")
    price: Money | None = None
    total: Decimal = Decimal(0)
    colour: Colour = Colour.RED
    problems: tuple[Problem, ...] = ()


class Sparse(msgspec.Struct, omit_defaults=True):
    """An answer that leaves out what says nothing."""

    note: str = ""


TIME = {"type": "string", "format": "date-time"}


def test_classes_of_one_name_are_told_apart_by_their_module() -> None:
    schemas = Schemas([ai_request.Track, sale.Track, sale.Update], [])
    assert schemas.of(ai_request.Track) == {"$ref": "#/components/schemas/AiRequestTrack"}
    assert schemas.of(sale.Track) == {"$ref": "#/components/schemas/SaleTrack"}
    assert schemas.of(sale.Update) == {"$ref": "#/components/schemas/Update"}


def test_classes_of_one_name_in_one_module_are_refused() -> None:
    twins = [
        msgspec.defstruct("Twin", ["a"], module="m"),
        msgspec.defstruct("Twin", [], module="m"),
    ]
    with pytest.raises(ValueError, match=r"called m\.Twin"):
        Schemas(twins, [])


def test_names_that_the_module_does_not_tell_apart_are_refused() -> None:
    twins = [
        msgspec.defstruct("Twin", ["a"], module="one.same"),
        msgspec.defstruct("Twin", [], module="two.same"),
    ]
    with pytest.raises(ValueError, match="called SameTwin"):
        Schemas(twins, [])


def test_times_and_amounts_are_what_they_are_on_the_wire() -> None:
    fields = Schemas([Sample], []).resolved(Sample)["properties"]
    assert fields["takenAt"]["anyOf"] == [TIME, {"type": "null"}]
    assert fields["times"]["items"] == TIME
    assert fields["byName"]["additionalProperties"] == TIME
    assert fields["title"] == {"type": "string"}
    assert fields["price"]["anyOf"][0]["type"] == "number"
    assert fields["total"]["type"] == "number"
    assert "format" not in fields["total"]


def test_what_is_written_always_has_its_fields_unless_defaults_are_left_out() -> None:
    schemas = Schemas([], [Sample, Sparse])
    sample = schemas.resolved(Sample)
    assert sample["required"] == list(sample["properties"])
    assert not [name for name, field in sample["properties"].items() if "default" in field]
    assert schemas.resolved(Sparse)["required"] == []


def test_what_is_read_may_leave_out_what_has_a_default() -> None:
    sample = Schemas([Sample], [Sample]).resolved(Sample)
    assert sample["required"] == ["title"]
    assert sample["properties"]["problems"]["default"] == []


def test_descriptions_are_clean_docstrings() -> None:
    assert Schemas([Sample], []).resolved(Sample)["description"] == "A sample\nin two lines."


def test_components_are_sorted_and_can_be_left_out() -> None:
    schemas = Schemas([Sample], [ErrorBody, Sparse])
    assert list(schemas.components()) == ["Colour", "ErrorBody", "Problem", "Sample", "Sparse"]
    assert list(schemas.components(without=[Sample])) == [
        "Colour",
        "ErrorBody",
        "Problem",
        "Sparse",
    ]


def test_types_without_a_name_are_described_in_place() -> None:
    assert Schemas([], [dict[str, Any]]).of(dict[str, Any]) == {"type": "object"}


def test_a_type_that_no_schema_can_say_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        Schemas([object], [])
