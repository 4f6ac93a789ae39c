"""What is derived of an engagement event: the words of a search."""

from typing import Any

import pytest

from ..recording import engagement


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("shoes", "shoes"),
        ("  Red \t SHOES\n", "red shoes"),
        ("ÉTÉ", "été"),
        ("x" * 200, "x" * 128),
        ("a" * 127 + " b", "a" * 127),
        ("", None),
        ("  ", None),
        (7, None),
        (None, None),
        (["shoes"], None),
    ],
)
def test_a_search_keeps_its_words_in_one_form(query: Any, kept: str | None) -> None:
    assert engagement(event="search", properties={"query": query}).search_query == kept


@pytest.mark.parametrize("properties", [None, {}, {"text": "shoes"}])
def test_a_search_without_a_query_has_no_words(properties: Any) -> None:
    assert engagement(event="search", properties=properties).search_query is None


def test_only_a_search_has_words() -> None:
    assert engagement(event="view", properties={"query": "shoes"}).search_query is None
