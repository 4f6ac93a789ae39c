"""The yardstick: an aiohttp handler that reads JSON and answers, and does nothing else.

python benchmarks/bare.py PORT
"""

import sys

import orjson
import uvloop
from aiohttp import web

ANSWER = orjson.dumps({"requestId": "none", "status": "completed"})


async def handle(request: web.Request) -> web.Response:
    """Decode the body, which is the least that any service has to do with it."""
    orjson.loads(await request.read())
    return web.Response(status=201, body=ANSWER, content_type="application/json")


async def ready(_: web.Request) -> web.Response:
    """Answer at once."""
    return web.Response()


def main(port: int) -> None:
    """Serve until SIGTERM."""
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_get("/-/ready", ready)
    app.router.add_post("/{path:.*}", handle)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main(int(sys.argv[1]))
