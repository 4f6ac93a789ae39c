"""What the topics of this dashboard ask alike."""

from ..panels import Limits
from ..promql import Scope

ASK = Scope(("service", "endpoint"))
SERVICE = ("service",)
SERVER_ERROR = 'status_code=~"5.."'
ANY_ERROR = 'status_code=~"[45].."'
SERVER_ERRORS = Limits(0.01, 0.05)
ERRORS = Limits(0.05, 0.15)
SLOW = Limits(1, 2)
FULL = Limits(80, 90)
