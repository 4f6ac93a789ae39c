"""What the topics of this dashboard ask alike."""

from exporter.metrics import catalogue as c

from ..panels import Limits
from ..promql import Scope

ASK = Scope(("family",))
OWN = 'service="exporter"'
FAMILY = ("family",)
INSTANCE = ("instance",)
HOUR = "1h"
WRITING = Limits(0.1, 0.5)
CALLING = Limits(0.5, 1)
NONE_YET = "None yet"
SHORT = 6
"""The height of panels that are empty while all is well."""
LATENESS = (
    f"(time() - {ASK.select(c.BACKGROUND_TASK_LAST_SUCCESS)})"
    f" / (2 * {ASK.select(c.BACKGROUND_TASK_INTERVAL)} + 60)"
)
"""Time since a task last succeeded, of what it may take before an alert fires."""
LATE = Limits(0.8, 1)
