"""What the topics of this dashboard ask alike."""

from ..panels import Limits
from ..promql import Scope

ASK = Scope()
PAID_IN = 'type!~"refund|credit"'
"""Transactions that bring money in."""
SERVER_ERROR = 'status_code=~"5.."'
SERVER_ERRORS = Limits(0.01, 0.05)
