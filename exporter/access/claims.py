"""What a token says of its bearer, and what the auth service does: one set of rules for both."""

from typing import Literal

import msgspec

from ..fields import Identifier, Label
from .principal import DEFAULT_TENANT, Principal, Role
from .refusals import Reason, refuse

LONGEST_ID = 128
DEFAULT_PLAN = "free"

Id = Identifier | int
"""A user's id; a whole number becomes its digits."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that count; others are ignored, and a `null` counts as absent.

    `sub` wins over `id`. `exp` and `nbf` are in seconds since 1970.
    """

    exp: int | float
    nbf: int | float | None = None
    sub: Id | None = None
    id: Id | None = None
    role: Literal["user", "admin"] | None = None
    plan: Label | None = None
    tenant: Identifier | None = None


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What the auth service says of a token's bearer; what it leaves out stays as claimed."""

    id: Id | None = None
    role: Literal["user", "admin"] | None = None
    plan: Label | None = None


_CLAIMS = msgspec.json.Decoder(Claims)
_CONFIRMED = msgspec.json.Decoder(Confirmed)


def read_claims(payload: bytes) -> Claims:
    """The claims of a token's verified payload; Unauthorized (`bad_claims`) if they are unfit."""
    try:
        return _CLAIMS.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refuse(Reason.BAD_CLAIMS) from error


def read_confirmed(body: bytes) -> Confirmed:
    """The auth service's answer.

    Unauthorized (`bad_claims`) where it says what no claim may say; ValueError where it is not
    JSON at all, which tells of the service and nothing of the token.
    """
    try:
        return _CONFIRMED.decode(body)
    except msgspec.ValidationError as error:
        raise refuse(Reason.BAD_CLAIMS) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("the answer is not JSON") from error


def principal_of(claims: Claims) -> Principal:
    """Whom the claims name; Unauthorized (`bad_claims`) where they name nobody."""
    identity = claims.id if claims.sub is None else claims.sub
    return Principal(
        role=Role(claims.role or Role.USER),
        name=_name(identity),
        tenant=claims.tenant or DEFAULT_TENANT,
        plan=claims.plan or DEFAULT_PLAN,
    )


def apply(confirmed: Confirmed, claimed: Principal) -> Principal:
    """The claimed principal with what the auth service says in its place; the tenant stays."""
    return Principal(
        role=claimed.role if confirmed.role is None else Role(confirmed.role),
        name=claimed.name if confirmed.id is None else _name(confirmed.id),
        tenant=claimed.tenant,
        plan=confirmed.plan or claimed.plan,
    )


def _name(identity: Id | None) -> str:
    # Compared as a number, since Python refuses to write out one of very many digits.
    if identity is None or (
        isinstance(identity, int) and not -(10 ** (LONGEST_ID - 1)) < identity < 10**LONGEST_ID
    ):
        raise refuse(Reason.BAD_CLAIMS)
    return str(identity)
