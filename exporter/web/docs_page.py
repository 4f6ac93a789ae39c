"""The page of `GET /docs`, written out from the OpenAPI document: no script, no other file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .markup import Html, element, joined, prose
from .schema_words import Line, Words
from .schemas import REF, Schema

ERROR_BODY = "ErrorBody"
RESPONSES = "#/components/responses/"
META = Html(
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
)
Operation = tuple[str, str, Schema]
"""A method, a path, and what is declared of them."""


def render(contract: Mapping[str, Any], style: str) -> str:
    """The whole page; `style` is its style sheet, set in as it is."""
    info, groups = contract["info"], _by_tag(contract)
    parts = Parts(contract)
    main = element(
        "main",
        element("h1", f"{info['title']} {info['version']}"),
        *(
            element("p", prose(paragraph, {ERROR_BODY}))
            for paragraph in info["description"].split("\n\n")
        ),
        element("p", "For machines: ", element("a", "openapi.json", href="openapi.json")),
        *(
            element("section", element("h2", tag), *map(parts.operation, operations))
            for tag, operations in groups.items()
        ),
        parts.failures(),
        parts.alternatives(),
    )
    head = element("head", META, element("title", info["title"]), element("style", Html(style)))
    page = element("html", head, element("body", _contents(groups), main), lang="en")
    return f"<!doctype html>\n{page}\n"


def _by_tag(contract: Mapping[str, Any]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in contract["tags"]}
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append((method.upper(), path, operation))
    return groups


def _contents(groups: Mapping[str, Iterable[Operation]]) -> Html:
    lists = (
        joined([element("h2", tag), element("ul", *map(_entry, operations))])
        for tag, operations in groups.items()
    )
    return element("nav", *lists)


def _entry(operation: Operation) -> Html:
    method, path, declared = operation
    return element("li", element("a", _call(method, path), href=f"#{declared['operationId']}"))


def _call(method: str, path: str) -> Html:
    return joined([element("code", element("b", method)), " ", _broken(path, "/")])


def _broken(text: str, after: str) -> Html:
    """Code that narrow screens may break after each `after`."""
    return element("code", joined(text.split(after), joined([after, Html("<wbr>")])))


class Parts:
    """The parts of the page that need to look schemas up."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        components = contract["components"]
        self._schemas: Mapping[str, Schema] = components["schemas"]
        self._responses: Mapping[str, Schema] = components["responses"]
        self._words = Words(self._schemas)
        self._alternatives = sorted({*_alternatives(contract)})

    def operation(self, operation: Operation) -> Html:
        """A call: what it is for, who may call it, what it takes and what it gives."""
        method, path, declared = operation
        parts = [
            element("h3", element("a", _call(method, path), href=f"#{declared['operationId']}")),
            element("p", prose(f"{declared['summary']} {declared['description']}")),
        ]
        for place in ("path", "query"):
            named = [one for one in declared.get("parameters", ()) if one["in"] == place]
            if named:
                parts += [element("h4", f"Parameters in the {place}"), self._parameters(named)]
        if body := declared.get("requestBody"):
            for media, content in body["content"].items():
                parts += [element("h4", "Body ", element("code", media))]
                parts += [element("p", prose(body["description"])), *self._value(content["schema"])]
        failures = []
        for status, response in declared["responses"].items():
            if "$ref" in response:
                anchor = response["$ref"].removeprefix(RESPONSES)
                failures.append(element("a", status, href=f"#{anchor}"))
                continue
            for media, content in response["content"].items():
                heading = f"Answer {status} {response['description']} "
                parts += [element("h4", heading, element("code", media))]
                parts += self._value(content["schema"], given=True)
        if failures:
            parts.append(element("p", "Failures: ", joined(failures, " · ")))
        return element("article", *parts, id=declared["operationId"])

    def failures(self) -> Html:
        """What calls are told when they fail."""
        entries = (
            element("li", prose(response["description"]), id=name)
            for name, response in self._responses.items()
        )
        table = self._table(self._words.lines(self._schemas[ERROR_BODY]), given=True)
        parts = (element("h2", "Failures"), element("ul", *entries), table)
        return element("section", *parts, id=ERROR_BODY)

    def alternatives(self) -> Html:
        """The objects of which one is to be chosen; elsewhere they are only named."""
        articles = (
            element(
                "article",
                element("h3", element("code", name)),
                element("p", prose(self._schemas[name].get("description", ""))),
                self._table(self._words.lines(self._schemas[name])),
                id=name,
            )
            for name in self._alternatives
        )
        return element("section", element("h2", "Alternatives"), *articles)

    def _parameters(self, parameters: Iterable[Schema]) -> Html:
        return self._table(
            self._words.line(
                one["name"],
                one["schema"] | {"description": one.get("description", "")},
                required=one["required"],
            )
            for one in parameters
        )

    def _value(self, schema: Schema, *, given: bool = False) -> list[Html]:
        inside, way = self._words.inside(schema)
        if inside is None:
            kind = prose(self._words.kind(schema), self._alternatives)
            return [element("p", prose(schema.get("description", "")), " ", kind)]
        described = element("p", prose(inside.get("description", "")))
        lines = self._words.lines(inside, f"{way}." if way else "")
        return [described, self._table(lines, given=given)]

    def _table(self, lines: Iterable[Line], *, given: bool = False) -> Html:
        """A row a field; of what is `given` the rare thing is a field that may be missing."""
        marks = ("may be absent", "") if given else ("", "required")
        rows = (
            element(
                "tr",
                element("td", _broken(line.path, "."), " ", element("em", marks[line.required])),
                element("td", prose(line.kind, self._alternatives)),
                element("td", prose(line.meaning), " ", element("small", prose(line.limits))),
            )
            for line in lines
        )
        return element("table", *rows)


def _alternatives(part: Any) -> Iterator[str]:
    """The names of all schemas between which a discriminator decides."""
    inner: Iterable[Any] = ()
    if isinstance(part, dict):
        for reference in part.get("discriminator", {}).get("mapping", {}).values():
            yield reference.removeprefix(REF)
        inner = part.values()
    elif isinstance(part, list):
        inner = part
    for one in inner:
        yield from _alternatives(one)
