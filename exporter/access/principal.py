"""Who is calling, and which records that makes theirs."""

from enum import StrEnum

import msgspec

from ..errors import Forbidden, Problem


class Role(StrEnum):
    """The kinds of caller."""

    USER = "user"
    ADMIN = "admin"
    SERVICE = "service"


class Scope(msgspec.Struct, frozen=True):
    """The records that a read may see: one tenant's, and of those one user's or everybody's."""

    tenant: str
    user: str | None

    def holds(self, tenant: str, user: str | None) -> bool:
        """Whether a record of that tenant and user lies within the scope."""
        return tenant == self.tenant and self.user in (None, user)


class Principal(msgspec.Struct, frozen=True):
    """A verified caller.

    name: the user's id, or the service key's name.
    tenant: the tenant of a user, the one that a key is bound to, or None for an unbound key.
    """

    role: Role
    name: str
    tenant: str | None
    plan: str = "free"

    @property
    def user(self) -> str | None:
        """The user id, None for a service."""
        return None if self.role is Role.SERVICE else self.name

    def read_scope(self, user: str | None = None) -> Scope:
        """What this caller may read: their own, for an admin the tenant's (or one `user`'s).

        Raises Forbidden for a service, and for a user who asks for somebody else's.
        """
        if self.role is Role.SERVICE or self.tenant is None:
            raise Forbidden("A service key writes; reading needs a user's or an admin's token.")
        if self.role is Role.ADMIN:
            return Scope(self.tenant, user)
        if user not in (None, self.name):
            raise Forbidden("Only an admin may ask for another user's records.")
        return Scope(self.tenant, self.name)

    def write_scope(self, tenant: str | None = None, user: str | None = None) -> Scope:
        """What this caller may change: their own records, for a service those of its tenant.

        `tenant` and `user` are what the call says; Forbidden where they are not the caller's to
        say.
        """
        if self.tenant is not None and tenant not in (None, self.tenant):
            raise Forbidden(
                "This credential belongs to another tenant.",
                [Problem("tenantId", "not the caller's own")],
            )
        if self.role is not Role.SERVICE and user not in (None, self.name):
            raise Forbidden(
                "Only a service key may speak for another user.",
                [Problem("userId", "not the caller's own")],
            )
        return Scope(self.tenant or tenant or DEFAULT_TENANT, self.user or user)


DEFAULT_TENANT = "default"
