"""Every route of the service."""

from . import (
    alert_actions,
    alerts,
    batch,
    docs,
    health,
    incidents,
    maintenance,
    operation,
    reading_ai,
    reading_credits,
    reading_dashboard,
    reading_engagement,
    reading_overview,
    reading_performance,
    reading_revenue,
    reading_sales,
    reading_users,
    tracking,
)
from .route import Route

DECLARED: tuple[Route, ...] = (
    *tracking.ROUTES,
    *batch.ROUTES,
    *reading_ai.ROUTES,
    *reading_engagement.ROUTES,
    *reading_users.ROUTES,
    *reading_sales.ROUTES,
    *reading_revenue.ROUTES,
    *reading_performance.ROUTES,
    *reading_credits.ROUTES,
    *reading_overview.ROUTES,
    *reading_dashboard.ROUTES,
    *alerts.ROUTES,
    *alert_actions.ROUTES,
    *health.ROUTES,
    *maintenance.ROUTES,  # before an incident's path, which would take theirs
    *incidents.ROUTES,
    *operation.ROUTES,
)


def all_routes() -> tuple[Route, ...]:
    """The declared routes, and those that describe them."""
    return (*DECLARED, *docs.routes(DECLARED))
