"""From a declared route to the handler that aiohttp calls: access, limits, query, answer."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import hdrs, web
from multidict import istr

from ..access.client_address import client_address
from ..access.principal import Principal, Role
from ..access.rate_limit import Allowance
from ..errors import Forbidden, RateLimited, Unauthorized
from ..metrics import catalogue
from ..validation import read_query
from .answer_cache import question
from .bodies import encode, respond
from .edge import Handler
from .envelope import Envelope
from .errors import say_limit
from .route import Access, Call, NoQuery, Reply, Route, Services
from .whole_response import WholeResponse

CREDENTIALS = (hdrs.AUTHORIZATION, istr("X-API-Key"))


@dataclass(frozen=True)
class Gate:
    """Who is let through to a route, where its callers are asked who they are.

    refused: the roles that may not call, who are told `why`.
    optional: a call without a credential is nobody's.
    key_as_token: see Authenticator.authenticate.
    """

    refused: frozenset[Role] = frozenset()
    why: str = ""
    optional: bool = False
    key_as_token: bool = False


GATES: Mapping[Access, Gate | None] = {
    Access.PUBLIC: None,
    Access.METRICS: None,
    Access.CALLER: Gate(),
    Access.READER: Gate(
        frozenset({Role.SERVICE}),
        "A service key writes; reading needs a user's or an admin's token.",
    ),
    Access.ADMIN: Gate(frozenset({Role.USER, Role.SERVICE}), "Only an admin may ask for this."),
    Access.OPTIONAL: Gate(optional=True),
    Access.WEBHOOK: Gate(
        frozenset({Role.USER}),
        "Only an admin or a service key may report this.",
        key_as_token=True,
    ),
}


def endpoint(route: Route, services: Services) -> Handler:
    """The aiohttp handler of `route`."""
    gate = GATES[route.access]
    nothing_asked = NoQuery()
    takes_query = route.query is not NoQuery
    trusted = services.settings.trusted_proxies

    async def handle(request: web.Request, envelope: Envelope) -> WholeResponse:
        envelope.endpoint = route.path
        now = services.clock()
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ()) if trusted else ()
        address = client_address(request.remote, forwarded, trusted)
        principal = allowance = None
        if gate is not None:
            principal, allowance = await _admit(gate, request, address, now, services)
            envelope.caller = None if principal is None else principal.role
        elif route.access is Access.METRICS:
            _check_metrics_token(request, services)
        query = nothing_asked
        if takes_query or "?" in request.raw_path:
            query = _query(route, request)
        call = Call(
            request=request,
            envelope=envelope,
            route=route,
            services=services,
            principal=principal,
            query=query,
            address=address,
            now=now,
        )
        response = await _cached(call) if route.cached else _response(await route.handle(call))
        if allowance is not None:
            say_limit(response, allowance.limit, allowance.remaining, allowance.reset)
        return response

    return handle


async def _admit(
    gate: Gate, request: web.Request, address: str, now: datetime, services: Services
) -> tuple[Principal | None, Allowance | None]:
    """Who calls and what is left of their rate; raises where they may not call."""
    authorization, api_key = map(request.headers.get, CREDENTIALS)
    if gate.optional and authorization is None and api_key is None:
        return None, None
    limits = services.limits
    try:
        # Most callers are known, which takes no waiting and so no coroutine.
        principal = services.authenticator.cached(authorization, api_key, now)
        if principal is None:
            try:
                principal = await services.authenticator.authenticate(
                    authorization, api_key, key_as_token=gate.key_as_token
                )
            except Unauthorized as error:
                services.metrics.inc(catalogue.AUTH_FAILURES, (error.reason,))
                await limits.take(None, address, now)  # guessing is limited as well
                raise
        if limits.are_shared:
            allowance = await limits.take(principal, address, now)
        else:
            allowance = limits.take_here(principal, address, now)
    except RateLimited as error:
        services.metrics.inc(catalogue.RATE_LIMITED, (error.kind,))
        raise
    if gate.refused and principal.role in gate.refused:
        raise Forbidden(gate.why)
    return principal, allowance


def _check_metrics_token(request: web.Request, services: Services) -> None:
    expected = services.settings.metrics_token
    if expected is None:
        return
    said = request.headers.get(hdrs.AUTHORIZATION, "")
    wanted = f"Bearer {expected}"
    # A header's bytes that are not UTF-8 come as surrogates, which plain UTF-8 refuses.
    if not hmac.compare_digest(said.encode(errors="surrogatepass"), wanted.encode()):
        services.metrics.inc(catalogue.AUTH_FAILURES, ("metrics_token",))
        raise Unauthorized("Scraping needs the metrics token.", "metrics_token")


def _query(route: Route, request: web.Request) -> Any:
    parameters = request.query
    repeated = {name for name in parameters if len(parameters.getall(name)) > 1}
    return read_query(route.query, parameters, repeated)


async def _cached(call: Call[Any]) -> WholeResponse:
    """The answer to a call, or the one that is kept of an earlier one; `Age` says how old it is."""

    async def ask() -> bytes:
        answer = await call.route.handle(call)
        if isinstance(answer, Reply | WholeResponse):
            raise TypeError(f"{call.route.path} is cached, and has to give what can be encoded")
        return encode(answer)

    key = question(call.route.path, call.request.match_info, call.caller, call.query)
    answer = await call.services.answers.get(key, ask)
    response = WholeResponse(200, answer.body)
    if answer.age is not None:
        response.headers["Age"] = str(int(answer.age))
    return response


def _response(answer: Any) -> WholeResponse:
    if isinstance(answer, Reply):
        return respond(answer.status, answer.body)
    if isinstance(answer, WholeResponse):
        return answer
    return respond(200, answer)
