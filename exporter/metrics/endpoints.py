"""Endpoints as templates: `/users/42/orders/7f3c9a1e` becomes `/users/:id/orders/:id`.

What is an id is a guess, made so that words with digits in them (`/v1/`, `/oauth2/`, `/step-3`)
stay. A wrong guess does no harm: two endpoints are counted as one, or the label guard bounds what
was missed.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

ID = ":id"
REST = ":rest"
LONGEST = 128
"""Characters of a template at most."""

DEEPEST = 8
"""Segments of a template at most; `:rest` stands for all that follow."""

LONGEST_READ = 2_048
"""Characters of a path that are looked at."""

LONGEST_WORD = 40
"""Characters of a segment at most; a longer one is a title or a token, with no end of others."""

REMEMBERED = 4_096
"""Paths, and segments of them, whose templates are kept at hand."""

_HOST = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_BEHIND_PATH = re.compile(r"[?#].*", re.DOTALL)
_BETWEEN_PARTS = re.compile(r"[\W_]+")


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE | re.DOTALL)


_WORD = _any_of(
    r":[^\W\d]\w*",  # the name of a parameter, in the ways that frameworks write it
    r"\{[^\W\d][^{}@]*\}",
    r"<[^\W\d][^<>@]*>",
    r"\[[^\W\d][^\[\]@]*\]",
    r"v\d{1,3}(?:[._]\d{1,3}){0,3}",  # a version
    r"v\d{1,3}(?:p\d{1,2})?(?:alpha|beta|rc|dev|preview)\d{0,2}",
)
"""Segments that stay, whatever they look like."""

_ID_SEGMENT = _any_of(
    r"[+-]?\d+(?:[.,]\d+)*",  # a number, a list of numbers, an IP address
    r".+@.+",  # an e-mail address
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",  # a UUID
    r"[0-7][0-9a-hjkmnp-tv-z]{25}",  # a ULID
)
"""Segments that are ids as a whole."""

_ID_PART = _any_of(
    r"(?=.*\d)[0-9a-f]{4,}",  # hexadecimal: 7f3c, but not face
    r"[0-9a-f]{16,}",
    r"\d{2,}",  # user-42, but not step-3
    r".*\d{4}.*",  # ORD1024, but not sha256
    r".*\d\D+\d+\D.*",  # letters and digits in turns, x7Kp2mQ9: more turns than in i18n
    r".*\D\d+\D+\d.*",
)
"""What one part of a segment, between signs, has to be like for the whole to be an id."""

_SYLLABLES = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_LONG_PART = 12
_SHORT_SYLLABLE = 2.7


def template(path: str) -> str:
    """`path` with `:id` in the place of each segment that is an id; at most 128 characters.

    Scheme, host, query, fragment, matrix parameters, double and trailing slashes are cut. The
    template of a template is the same.
    """
    return _template(path[:LONGEST_READ])


@lru_cache(maxsize=REMEMBERED)
def _template(path: str) -> str:
    path = path.strip()
    host = _HOST.match(path)
    local = _BEHIND_PATH.sub("", path[host.end() :] if host else path)
    segments = [segment for segment in map(_segment, local.split("/")) if segment]
    start = "/" if host or local.startswith("/") or not segments else ""
    whole = start + "/".join(segments)
    if len(segments) <= DEEPEST and len(whole) <= LONGEST:
        return whole
    kept = segments[:DEEPEST]
    while len(cut := start + "/".join([*kept, REST])) > LONGEST:
        kept.pop()
    return cut


@lru_cache(maxsize=REMEMBERED)
def _segment(text: str) -> str:
    """What stands for a segment; empty where nothing does."""
    segment = text.partition(";")[0].strip()
    return ID if segment and _is_id(unquote(segment)) else segment


def _is_id(segment: str) -> bool:
    if len(segment) > LONGEST_WORD:
        return True
    if _WORD.fullmatch(segment):
        return False
    return _ID_SEGMENT.fullmatch(segment) is not None or any(
        _ID_PART.fullmatch(part) or _is_chopped(part)
        for part in _BETWEEN_PARTS.split(segment)
        if part
    )


def _is_chopped(part: str) -> bool:
    """Whether a long part has no words in it, as `NffrFeUfNVHib` has none."""
    return len(part) >= _LONG_PART and len(part) / len(_SYLLABLES.findall(part)) < _SHORT_SYLLABLE
