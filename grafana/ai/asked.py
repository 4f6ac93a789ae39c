"""What the topics of this dashboard ask alike."""

from ..panels import Limits
from ..promql import Scope

ASK = Scope(("model", "feature", "user_plan"))
MODEL = ("model",)
HOUR = "1h"
COMPLETED = 'status="completed"'
SUCCESS = Limits(0.95, 0.9, falling=True)
FAILING = Limits(0.05, 0.1)
DURATION = Limits(20, 30)
