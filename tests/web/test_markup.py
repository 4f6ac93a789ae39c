"""Markup: what is not our own is escaped, and only once."""

import pytest

from exporter.web.markup import Html, element, joined, prose


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "1 < 2 & 3")
    assert inner == "<b>1 &lt; 2 &amp; 3</b>"
    assert element("p", inner, " > ") == "<p><b>1 &lt; 2 &amp; 3</b> &gt; </p>"


def test_attributes_are_escaped_and_empty_ones_left_out() -> None:
    assert element("a", "x", href='"/>', id="") == '<a href="&quot;/&gt;">x</a>'


def test_parts_are_joined_with_something_between() -> None:
    assert joined(["<", Html("<br>"), "b"], Html("<wbr>")) == "&lt;<wbr><br><wbr>b"
    assert joined(["a", "b"], "<") == "a&lt;b"
    assert joined([]) == ""


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("a `b` c", "a <code>b</code> c"),
        ("`<a>` and `b`", "<code>&lt;a&gt;</code> and <code>b</code>"),
        ("see `Here`", 'see <a href="#Here"><code>Here</code></a>'),
        ("Here is no code", "Here is no code"),
    ],
)
def test_prose_shows_code_and_links_to_anchors(text: str, html: str) -> None:
    assert prose(text, {"Here"}) == html
