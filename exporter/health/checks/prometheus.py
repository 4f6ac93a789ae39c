"""Prometheus is ready.

While it is not, nothing is scraped and no alert of its rules fires.
"""

from http import HTTPStatus

from ...settings import Settings
from ..check import Check, Finding
from ..fetch import fetch, said
from ..tools import Tools


class Prometheus(Check, frozen=True, kw_only=True, tag="prometheus"):
    """Asks `/-/ready`."""

    @classmethod
    def built_in(cls, settings: Settings) -> "Prometheus | None":
        """With PROMETHEUS_URL."""
        return cls() if settings.prometheus_url else None

    async def run(self, tools: Tools) -> Finding:
        """Healthy when it says so."""
        answer = await fetch(tools, f"{tools.settings.prometheus_url}/-/ready")
        if answer.status != HTTPStatus.OK:
            raise said(answer, "200")
        return Finding()
