"""Alertmanager is ready.

While it is not, nobody is told of the alerts that Prometheus fires.
"""

from http import HTTPStatus

from ...settings import Settings
from ..check import Check, Finding
from ..fetch import fetch, said
from ..tools import Tools


class Alertmanager(Check, frozen=True, kw_only=True, tag="alertmanager"):
    """Asks `/-/ready`."""

    @classmethod
    def built_in(cls, settings: Settings) -> "Alertmanager | None":
        """With ALERTMANAGER_URL."""
        return cls() if settings.alertmanager_url else None

    async def run(self, tools: Tools) -> Finding:
        """Healthy when it says so."""
        answer = await fetch(tools, f"{tools.settings.alertmanager_url}/-/ready")
        if answer.status != HTTPStatus.OK:
            raise said(answer, "200")
        return Finding()
