"""The service itself: what it was offered and kept, how fast it writes, and what it runs on."""

from exporter.metrics import catalogue as c

from ..page import Page
from ..variables import Choice
from .calls import CALLS, REFUSED, TASKS
from .events import COMMITS, EVENTS, SPOOL
from .glance import GLANCE
from .processes import PROCESSES

PAGE = Page(
    "meterhouse-service",
    "The service itself",
    "Whether events are kept, and if not, what is in the way.",
    (GLANCE, EVENTS, COMMITS, SPOOL, CALLS, REFUSED, TASKS, PROCESSES),
    variables=(Choice("family", c.EVENTS, "Family"),),
)
