"""The files that are made from the declarations, for `docs/generate.py`."""

from collections.abc import Callable, Mapping
from functools import partial

from . import render
from .ai import AI
from .ai_trends import AI_TRENDS
from .alerts import ALERTS
from .engagement import ENGAGEMENT
from .health import HEALTH
from .ingest import INGEST
from .requests import REQUESTS
from .resources import RESOURCES_SUBJECT
from .rule import Subject
from .sales import SALES
from .service import SERVICE
from .slo import SLO_SERVICES, SLO_TRACKING
from .storage import STORAGE

SUBJECTS: tuple[Subject, ...] = (
    SERVICE,
    REQUESTS,
    SLO_TRACKING,
    SLO_SERVICES,
    RESOURCES_SUBJECT,
    STORAGE,
    INGEST,
    AI,
    AI_TRENDS,
    ENGAGEMENT,
    SALES,
    ALERTS,
    HEALTH,
)

FILES: Mapping[str, Callable[[], str]] = {
    **{f"prometheus/rules/{one.name}.yml": partial(render.rules, one) for one in SUBJECTS},
    **{f"prometheus/tests/{one.name}.yml": partial(render.tests, one) for one in SUBJECTS},
    "docs/kubernetes/prometheusrule.yaml": partial(render.kubernetes, SUBJECTS),
    "docs/runbook.md": partial(render.runbook, SUBJECTS),
}
