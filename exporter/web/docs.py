"""`GET /openapi.json` and `GET /docs`: the contract for machines and for people."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Any

import msgspec
import orjson
from aiohttp import ETag, web

from .. import __version__
from .docs_page import render
from .openapi import document
from .route import JSON, Access, Call, NoQuery, Route
from .whole_response import WholeResponse

HTML = "text/html"
CACHING = "max-age=300"


@dataclass(frozen=True)
class Page:
    """What is the same for every call until the next start."""

    body: bytes
    media: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def respond(self, request: web.Request) -> WholeResponse:
        """The page, or a 304 to a caller who has it."""
        tag = ETag(sha256(self.body).hexdigest()[:32])
        if any(known.value in (tag.value, "*") for known in request.if_none_match or ()):
            response = WholeResponse(304)
        else:
            response = WholeResponse(200, self.body, self.media)
            response.headers.update(self.headers)
        response.etag = tag
        response.headers["Cache-Control"] = CACHING
        return response


def routes(others: Sequence[Route]) -> tuple[Route, ...]:
    """The routes that describe the `others`, and themselves."""

    @cache
    def pages() -> dict[str, Page]:
        return _pages((*others, *own))

    async def respond(call: Call[NoQuery]) -> WholeResponse:
        # Rendering takes tens of milliseconds, the first time.
        rendered = await asyncio.to_thread(pages)
        return rendered[call.route.path].respond(call.request)

    own = (
        Route(
            method="GET",
            path="/openapi.json",
            summary="This contract as an OpenAPI 3.1 document.",
            tag="Operation",
            handle=respond,
            access=Access.PUBLIC,
            answers={200: dict[str, Any]},
        ),
        Route(
            method="GET",
            path="/docs",
            summary="This contract as a page to read.",
            tag="Operation",
            handle=respond,
            access=Access.PUBLIC,
            answers={
                200: Annotated[str, msgspec.Meta(extra_json_schema={"contentMediaType": HTML})]
            },
        ),
    )
    return own


def _pages(every: Sequence[Route]) -> dict[str, Page]:
    """The pages by their paths."""
    contract = document(every, __version__)
    style = files(__package__).joinpath("docs.css").read_text("utf-8")
    page = render(contract, style)
    return {
        "/openapi.json": Page(orjson.dumps(contract), JSON),
        "/docs": Page(
            page.encode(),
            f"{HTML}; charset=utf-8",
            {"Content-Security-Policy": _policy(style)},
        ),
    }


def _policy(style: str) -> str:
    """Nothing but the page's own style sheet is loaded, applied or run."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
