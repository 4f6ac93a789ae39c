"""Schemas in words."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from exporter.fields import Identifier, Money
from exporter.web.schema_words import Words, limits
from exporter.web.schemas import Schema, Schemas


class Size(Enum):
    """How large."""

    SMALL = 1
    LARGE = 2


class Leaf(Struct):
    """The end of a branch."""

    colour: Literal["red", "green"] = "green"


class Bird(Struct, tag="bird"):
    """It sings."""


class Nest(Struct, tag="nest"):
    """It is sung in."""


class Tree(Struct):
    """A tree."""

    name: Identifier
    owner: Identifier | None = None
    leaf: Leaf | None = None
    leaves: list[Leaf] = []
    by_year: dict[str, list[Leaf]] = {}
    guest: Bird | Nest | None = None
    guests: list[Bird | Nest] = []
    size: Size = Size.SMALL
    planted: datetime | None = None
    tags: list[str] = []
    number: int | str = 0
    anything: Any = None


def written(kind: Any, *, read: bool = True) -> list[tuple[str, ...]]:
    """Path, type, limits and meaning of each field of a Struct."""
    schemas = Schemas([kind], []) if read else Schemas([], [kind])
    lines = Words(schemas.components()).lines(schemas.resolved(kind))
    return [(line.path, line.kind, line.limits, line.meaning) for line in lines]


def test_an_object_is_one_flat_list_of_fields() -> None:
    leaf = ("`green` or `red`", "default `green`", "")
    assert written(Tree) == [
        ("name", "string", "1 to 128 characters", "No control characters."),
        ("owner", "string", "1 to 128 characters", "No control characters."),
        ("leaf", "object", "", "The end of a branch."),
        ("leaf.colour", *leaf),
        ("leaves", "list of objects", "default `[]`", "The end of a branch."),
        ("leaves[].colour", *leaf),
        ("by_year", "object", "default `{}`", "The end of a branch."),
        ("by_year.*[].colour", *leaf),
        ("guest", "`Bird` or `Nest`", "", ""),
        ("guests", "list of `Bird` or `Nest`", "default `[]`", ""),
        ("size", "`1` or `2`", "default `1`", ""),
        ("planted", "time", "", ""),
        ("tags", "list of strings", "default `[]`", ""),
        ("number", "integer or string", "default `0`", ""),
        ("anything", "value", "", ""),
    ]


def test_an_answer_says_what_may_be_null() -> None:
    kinds = {path: kind for path, kind, *_ in written(Tree, read=False)}
    assert kinds["owner"] == "string or null"
    assert kinds["leaf"] == "object or null"
    assert kinds["guest"] == "`Bird` or `Nest` or null"
    assert kinds["name"] == "string"


def test_required_fields_are_marked() -> None:
    schemas = Schemas([Tree], [])
    lines = Words(schemas.components()).lines(schemas.resolved(Tree))
    assert [line.path for line in lines if line.required] == ["name"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Annotated[int, Meta(ge=0)], "at least 0"),
        (Annotated[int, Meta(ge=0, le=2**53)], "0 to 9,007,199,254,740,992"),
        (Annotated[float, Meta(le=0.5)], "at most 0.5"),
        (Annotated[str, Meta(max_length=1_000)], "at most 1,000 characters"),
        (Annotated[str, Meta(min_length=2)], "at least 2 characters"),
        (Annotated[list[int], Meta(min_length=1, max_length=3)], "1 to 3 entries"),
        (
            Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)],
            "at most 3 characters, matches `^[A-Z]{3}$`",
        ),
        (Money, "0 to 1,000,000,000,000"),
        (str, ""),
    ],
)
def test_limits_are_said_in_words(kind: Any, said: str) -> None:
    schema: Schema = Schemas([kind], []).of(kind)

    assert limits(schema) == said
