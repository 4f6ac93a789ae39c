"""The numbers of the answers, written out for people: docs/numbers.md.

Made of nothing but declarations: which answers there are is what the routes declare, what a number
means is what its field says, and what a subject is about is what its module says. The page is
generated and committed; a test holds it against this, byte for byte.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from inspect import cleandoc
from typing import Annotated, Any, get_args, get_origin

import msgspec

from .analytics import activity, subscriptions
from .analytics.answer import Answer
from .analytics.kpis import COMPARED
from .analytics.rankings import RANKINGS
from .web.reading_overview import Compared, Ranked
from .web.route import Route
from .web.routes import DECLARED

_HEAD = """\
<!-- Written by `make generate`; the definitions stand beside what makes the answers. -->

# Numbers

What every number of the reading calls means. All of them are about the records that the caller may
read, and about the period that was asked for: start <= t < end, in UTC. The answers' other fields
are at `/docs`.

- A rate or a mean names what it is divided by, behind a slash. Over nothing it is null, where it
  does not say 0.
- Rates, shares and changes are in %; times are in the unit that is named; money is in the unit of
  its currency.
- Money is exact, to 6 decimals; averages of it are rounded to those, half to even. AI costs and
  credits are binary floating point. Currencies are never added together: with
  `REPORTING_CURRENCY` and `FX_RATES` there are converted totals beside those by currency.
- A percentile is a value that occurs: the smallest that so many % of the values do not exceed.
  Where the answer says `"exact": false` it was read from rollups, and is within 5 % of that value.
- A user is a tenant and a user id; events of no user count, but belong to nobody.
"""

ITEMS: Mapping[Any, Sequence[type[Answer]]] = {
    Ranked: [ranking.item for ranking in RANKINGS.values()],
    Compared: [subject.answer for subject in COMPARED.values()],
}
"""What is in answers whose parts depend on what was asked for."""
GROUNDWORK = (activity, subscriptions)
"""Modules that give no answers of their own, and say what those of others are made of."""
NUMBERS = (int, float, Decimal)


@dataclass(frozen=True)
class Number:
    """A number of an answer: its name in JSON, and what it means."""

    name: str
    meaning: str


def render() -> str:
    """docs/numbers.md: a section for each subject, a table for each answer."""
    calls = answers(DECLARED)
    subjects: defaultdict[str, list[type[Answer]]] = defaultdict(list)
    for answer in calls:
        if numbers(answer):
            subjects[answer.__module__].append(answer)
    page = [_HEAD]
    for module in sorted({*subjects, *(one.__name__ for one in GROUNDWORK)}):
        page.append(f"\n## {_title(module)}\n")
        page.append(f"\n{cleandoc(sys.modules[module].__doc__ or '')}\n")
        for answer in sorted(subjects[module], key=lambda one: one.__name__):
            page.extend(_table(answer, calls[answer]))
    return "".join(page)


def answers(routes: Sequence[Route]) -> dict[type[Answer], list[str]]:
    """Every answer, or part of one, and the calls that it is part of."""
    found: defaultdict[type[Answer], list[str]] = defaultdict(list)
    for route in routes:
        for declared in route.answers.values():
            parts = [*_within(declared), *ITEMS.get(declared, ())]
            for answer in dict.fromkeys(parts):
                found[answer].append(f"{route.method} {route.path}")
    return found


def numbers(answer: type[Answer]) -> list[Number]:
    """The numbers of an answer itself, not of the answers within it."""
    return [
        Number(field.encode_name, " ".join(_meanings(field.type)))
        for field in msgspec.structs.fields(answer)
        if _is_number(field.type)
    ]


def _title(module: str) -> str:
    """A module's name; one that is not of analytics has its package before it."""
    *_, package, name = module.split(".")
    title = name if module.startswith(_ANALYTICS) else f"{package}: {name}"
    return title.capitalize()


def _table(answer: type[Answer], calls: Sequence[str]) -> Iterator[str]:
    yield f"\n### {answer.__name__}\n"
    yield f"\n{cleandoc(answer.__doc__ or '')}\n"
    yield "\nIn " + ", ".join(f"`{call}`" for call in calls) + ".\n"
    yield "\n| number | meaning |\n|---|---|\n"
    for number in numbers(answer):
        yield f"| `{number.name}` | {number.meaning} |\n"


def _within(kind: Any) -> Iterator[type[Answer]]:
    """The answers that a type is made of."""
    for part in get_args(kind):
        yield from _within(part)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if issubclass(kind, Answer):
            yield _origin_of(kind)
        for field in msgspec.structs.fields(kind):
            yield from _within(field.type)


def _origin_of(kind: type[Answer]) -> type[Answer]:
    """The answer as its subject declares it: a call may add to it what was asked for."""
    return next(base for base in kind.__mro__ if not base.__module__.startswith(_WEB))


_ANALYTICS = Answer.__module__.rpartition(".")[0]
_WEB = Route.__module__.rpartition(".")[0]


def _is_number(kind: Any) -> bool:
    """Whether a value is a number, or an object or a list of numbers."""
    if get_origin(kind) is Annotated:
        return _is_number(get_args(kind)[0])
    if get_args(kind):
        return any(_is_number(part) for part in get_args(kind))
    return isinstance(kind, type) and issubclass(kind, NUMBERS) and kind is not bool


def _meanings(kind: Any) -> Iterator[str]:
    if get_origin(kind) is Annotated:
        for meta in get_args(kind)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.description is not None:
                yield meta.description
    else:
        for part in get_args(kind):
            yield from _meanings(part)
