"""AI requests: whether they succeed, how fast, by which model, at what price, and how rated."""

from exporter.metrics import catalogue as c

from ..page import Page
from ..variables import Choice
from .glance import GLANCE
from .models import FAILURES, LATENCY, MODELS, VOLUME
from .money import COST, ROUTER
from .people import FEATURES, RATINGS

PAGE = Page(
    "meterhouse-ai",
    "AI requests",
    "Which models are used for what, how fast and how reliably they answer, and their price.",
    (GLANCE, FAILURES, MODELS, LATENCY, VOLUME, COST, FEATURES, ROUTER, RATINGS),
    variables=(
        Choice("model", c.AI_REQUESTS_STARTED, "Model"),
        Choice("feature", c.AI_REQUESTS_STARTED, "Feature"),
        Choice("user_plan", c.AI_REQUESTS_STARTED, "Plan"),
    ),
)
