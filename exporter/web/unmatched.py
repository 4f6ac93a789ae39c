"""Calls of what is not there.

What names no path (`OPTIONS *`, CONNECT) is refused by aiohttp itself, in its own words.
"""

from typing import NoReturn

from aiohttp import web

from .envelope import Envelope


async def unmatched(request: web.Request, envelope: Envelope) -> NoReturn:
    """Raises HTTPMethodNotAllowed where the address takes other methods, else HTTPNotFound."""
    own = request.match_info.route.resource
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not own:
            _, methods = await resource.resolve(request)
            allowed |= methods
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound
