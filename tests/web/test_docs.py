"""The page: everything is on it, nothing in it runs, and nothing in it can break out."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from exporter.web.docs_page import render
from exporter.web.openapi import document

from ..conftest import Service
from .test_openapi import ThingQuery, Things, route

HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; `<b>`"


class Outline(HTMLParser):
    """What a browser sees: the elements that are open, anchors, links, the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag not in ("meta", "wbr"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.add(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All its text, run together."""
        return "".join(self.texts)


async def test_the_page_shows_every_call_and_its_fields(service: Service) -> None:
    _, contract = await service.nobody()("GET", "/openapi.json")
    page = await (await service.nobody().raw("GET", "/docs")).text()
    outline = Outline(page)
    assert outline.open == []
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in outline.text
            assert f"#{operation['operationId']}" in outline.links
            for parameter in operation.get("parameters", ()):
                assert parameter["name"] in outline.text
    for said in ("tokens.input", "rejected[].details[].problem", "required", "1 to 128 characters"):
        assert said in outline.text


async def test_links_within_the_page_lead_somewhere(service: Service) -> None:
    outline = Outline(await (await service.nobody().raw("GET", "/docs")).text())
    anchors = {link.removeprefix("#") for link in outline.links if link.startswith("#")}
    assert anchors <= set(outline.ids)
    assert len(set(outline.ids)) == len(outline.ids)
    assert outline.links - {f"#{anchor}" for anchor in anchors} == {"openapi.json"}


async def test_the_page_may_load_and_run_nothing(service: Service) -> None:
    response = await service.nobody().raw("GET", "/docs")
    assert response.content_type == "text/html"
    assert response.charset == "utf-8"
    page = await response.text()
    assert Outline(page).elements.isdisjoint({"script", "link", "img", "iframe", "form"})
    found = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert found is not None
    digest = b64encode(sha256(found.group(1).encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_a_caller_who_has_it_gets_it_only_once(service: Service, path: str) -> None:
    first = await service.nobody().raw("GET", path)
    assert first.headers["Cache-Control"] == "max-age=300"
    again = await service.nobody(**{"If-None-Match": first.headers["ETag"]}).raw("GET", path)
    assert again.status == 304
    assert again.headers["ETag"] == first.headers["ETag"]
    assert await again.read() == b""
    other = await service.nobody(**{"If-None-Match": '"another"'}).raw("GET", path)
    assert await other.read() == await first.read()


def test_hostile_characters_are_escaped_everywhere() -> None:
    contract = document(
        [route(summary=HOSTILE, tag=HOSTILE, query=ThingQuery, method="POST", body=Things)], HOSTILE
    )
    [[operation]] = [list(methods.values()) for methods in contract["paths"].values()]
    contract["paths"] = {f"/{HOSTILE}": {"post": operation}}
    operation["operationId"] = HOSTILE
    for parameter in operation["parameters"]:
        parameter["name"] = parameter["description"] = HOSTILE
        parameter["schema"]["default"] = HOSTILE
    for schema in contract["components"]["schemas"].values():
        schema["description"] = HOSTILE
        schema["properties"] = {HOSTILE: {"enum": [HOSTILE], "pattern": HOSTILE}}
        schema["required"] = []
    outline = Outline(render(contract, ""))
    assert outline.open == []
    assert "script" not in outline.elements
    shown = HOSTILE.replace("`", "")
    assert outline.text.count(shown) >= 8
    assert f"#{HOSTILE}" in outline.links
