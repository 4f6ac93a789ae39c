"""Paths without parameters, which all calls of a method match alike."""

from aiohttp import web


class _Match(web.UrlMappingMatchInfo):
    """The match of all calls with one method; it belongs to one application."""

    def add_app(self, app: web.Application) -> None:
        """Remember the application, of which each call tells again."""
        if not self.apps:
            super().add_app(app)


class FixedPath(web.PlainResource):
    """A `web.PlainResource` whose matches are made once, and not for each call."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._matches: dict[str, _Match] = {}
        self._methods: set[str] = set()

    def register_route(self, route: web.ResourceRoute) -> None:
        """Have the calls with the route's method match it."""
        super().register_route(route)
        self._matches[route.method] = _Match({}, route)
        self._methods.add(route.method)

    async def resolve(
        self, request: web.Request
    ) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """The match of a call, or None, and the methods that its path has."""
        if request.rel_url.path_safe != self.canonical:
            return None, set()
        return self._matches.get(request.method), self._methods


def resource_at(path: str) -> web.Resource:
    """A resource for a path, or for the template of one, in which `{name}` is a parameter."""
    return web.DynamicResource(path) if "{" in path else FixedPath(path)
