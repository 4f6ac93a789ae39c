"""The dashboards by their uid, and the text of their files."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from . import ai, engagement, overview, performance, sales, service, slo

DASHBOARDS: Mapping[str, Callable[[], Dashboard]] = MappingProxyType(
    {
        "meterhouse-overview": overview.dashboard,
        "meterhouse-ai": ai.dashboard,
        "meterhouse-engagement": engagement.dashboard,
        "meterhouse-sales": sales.dashboard,
        "meterhouse-performance": performance.dashboard,
        "meterhouse-service": service.dashboard,
        "meterhouse-slo": slo.dashboard,
    }
)
"""Alerts and other people's bookmarks name these uids: they stay as they are."""


def text(made: Callable[[], Dashboard]) -> str:
    """A dashboard as Grafana's provisioning reads it, the same each time."""
    return json.dumps(made(), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def files() -> dict[str, Callable[[], str]]:
    """What makes each file, by its path in the repository."""
    return {
        f"grafana/dashboards/{uid}.json": partial(text, made) for uid, made in DASHBOARDS.items()
    }
