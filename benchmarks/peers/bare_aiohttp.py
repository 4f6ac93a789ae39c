"""The ceiling of the framework: aiohttp on uvloop reads the body, answers, and does nothing else.

python -m benchmarks.peers.bare_aiohttp PORT
"""

import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web

ANSWER = b'{"requestId":"none","status":"completed"}'


async def handle(request: web.Request) -> web.Response:
    """Read the body, which is the least that any service has to do with it."""
    await request.read()
    return web.Response(status=201, body=ANSWER, content_type="application/json")


async def ready(_: web.Request) -> web.Response:
    """Answer at once."""
    return web.Response()


def serve(port: int, handler: Callable[[web.Request], Awaitable[web.Response]]) -> None:
    """Answer every POST by `handler`, until SIGTERM."""
    app = web.Application()
    app.router.add_get("/-/ready", ready)
    app.router.add_post("/{path:.*}", handler)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    serve(int(sys.argv[1]), handle)
