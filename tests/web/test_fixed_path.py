"""Which calls a path without parameters matches."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from exporter.web.fixed_path import FixedPath, resource_at

NAME = web.AppKey("name", str)


async def tell(request: web.Request) -> web.Response:
    return web.json_response([request.method, dict(request.match_info), request.app[NAME]])


def application() -> web.Application:
    app = web.Application()
    app[NAME] = "ours"
    resource = resource_at("/a/fixed-path")
    resource.add_route("GET", tell)
    resource.add_route("POST", tell)
    app.router.register_resource(resource)
    return app


@pytest.mark.parametrize("path", ["/a/fixed-path", "/a/fixed-path?b=c", "/a/fixed%2Dpath"])
async def test_every_call_of_a_path_is_matched(path: str) -> None:
    async with TestClient(TestServer(application())) as client:
        for method in ("GET", "POST", "GET"):
            answer = await client.request(method, URL(path, encoded=True))
            assert await answer.json() == [method, {}, "ours"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/a", 404),
        ("GET", "/a/fixed-path/", 404),
        ("GET", "/a/fixed-path/b", 404),
        ("GET", "/a/fixed-path%2F", 404),
        ("PUT", "/a/fixed-path", 405),
    ],
)
async def test_no_other_call_is(method: str, path: str, status: int) -> None:
    async with TestClient(TestServer(application())) as client:
        answer = await client.request(method, URL(path, encoded=True))
        assert answer.status == status
        assert answer.headers.get("Allow") == ("GET,POST" if status == 405 else None)


def test_a_path_with_parameters_is_matched_by_aiohttp() -> None:
    assert isinstance(resource_at("/a/{b}"), web.DynamicResource)
    assert isinstance(resource_at("/a/b"), FixedPath)
