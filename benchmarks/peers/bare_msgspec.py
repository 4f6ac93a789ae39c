"""The bare handler that also decodes the body and checks it against the family's schema.

python -m benchmarks.peers.bare_msgspec PORT
"""

import sys

import msgspec
from aiohttp import web

from exporter.demo.calls import TRACK_PATHS
from exporter.records import TRACKED

from .bare_aiohttp import ANSWER, serve

DECODERS = {
    TRACK_PATHS[family.kind]: msgspec.json.Decoder(family.body)
    for family in TRACKED
    if family.kind in TRACK_PATHS
}


async def handle(request: web.Request) -> web.Response:
    """Decode and validate; nothing is kept."""
    DECODERS[request.path].decode(await request.read())
    return web.Response(status=201, body=ANSWER, content_type="application/json")


if __name__ == "__main__":
    serve(int(sys.argv[1]), handle)
