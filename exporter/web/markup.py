"""HTML, written so that whatever is not markup of our own is escaped."""

from collections.abc import Container, Iterable
from html import escape


class Html(str):
    """Text that is HTML already; every other text is escaped when it becomes a part of one."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: str) -> Html:
    """An element with its content; attributes that are empty are left out."""
    named = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if value)
    return Html(f"<{name}{named}>{joined(content)}</{name}>")


def joined(content: Iterable[str], between: str = "") -> Html:
    """The parts one after the other, with `between` in the gaps."""
    return Html(_html(between).join(map(_html, content)))


def prose(text: str, anchors: Container[str] = ()) -> Html:
    """A sentence, with what stands between backticks as code, and as a link where it is an anchor
    of the page."""
    code = False
    parts: list[str] = []
    for part in text.split("`"):
        shown: str = element("code", part) if code else part
        parts.append(element("a", shown, href=f"#{part}") if code and part in anchors else shown)
        code = not code
    return joined(parts)


def _html(part: str) -> str:
    return part if isinstance(part, Html) else escape(part)
