"""The dashboards, and the text of their files."""

import json
from collections.abc import Callable, Sequence
from functools import partial

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from . import ai, alerts, engagement, health, overview, performance, sales, service, slo
from .linter import exclusions
from .page import Page

DASHBOARDS: Sequence[Page] = (
    overview.PAGE,
    ai.PAGE,
    engagement.PAGE,
    sales.PAGE,
    performance.PAGE,
    service.PAGE,
    slo.PAGE,
    alerts.PAGE,
    health.PAGE,
)
"""To add one: a module with its `PAGE`, and a line here."""


def text(page: Page) -> str:
    """A dashboard as Grafana's provisioning reads it, the same each time."""
    return json.dumps(page.build(), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def panel_url(uid: str, title: str) -> str:
    """Where Grafana, below its address, shows a panel by itself; KeyError where there is none."""
    ids = {page.uid: page.panel_ids() for page in DASHBOARDS}
    return f"/d/{uid}?viewPanel={ids[uid][title]}"


def files() -> dict[str, Callable[[], str]]:
    """What makes each file, by its path in the repository."""
    return {
        **{f"grafana/dashboards/{page.uid}.json": partial(text, page) for page in DASHBOARDS},
        "grafana/dashboards/.lint": partial(exclusions, DASHBOARDS),
    }
