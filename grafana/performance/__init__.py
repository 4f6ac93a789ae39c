"""Performance: rate, errors and duration of every service that reports, and what they run on."""

from exporter.metrics import catalogue as c

from ..page import Page
from ..variables import Choice
from .calls import ALL_CALLS, ENDPOINTS, SERVICES
from .glance import GLANCE
from .resources import DATABASES, MACHINES

PAGE = Page(
    "meterhouse-performance",
    "Performance",
    "Which service or endpoint is slow or fails, and whether its machine is the reason.",
    (GLANCE, SERVICES, ENDPOINTS, ALL_CALLS, MACHINES, DATABASES),
    variables=(
        Choice("service", c.HTTP_REQUESTS, "Service"),
        Choice("endpoint", c.HTTP_REQUESTS, "Endpoint"),
    ),
)
