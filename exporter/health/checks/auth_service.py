"""The auth service answers.

It is asked for `/auth/me` without a token. Any answer but a failure of its own will do: that the
question is refused is what it should say. Without it, tokens that it confirmed in the last 15
minutes go on working, and others get 503.
"""

from http import HTTPStatus

from ...settings import Settings
from ..check import Check, Finding
from ..fetch import fetch, said
from ..tools import Tools


class AuthService(Check, frozen=True, kw_only=True, tag="auth_service"):
    """Asks it without a token."""

    critical: bool = True

    @classmethod
    def built_in(cls, settings: Settings) -> "AuthService | None":
        """With AUTH_SERVICE_URL."""
        return cls() if settings.auth_service_url else None

    async def run(self, tools: Tools) -> Finding:
        """Healthy unless it fails."""
        answer = await fetch(tools, f"{tools.settings.auth_service_url}/auth/me")
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise said(answer, "one below 500")
        return Finding()
