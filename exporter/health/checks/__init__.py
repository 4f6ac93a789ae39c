"""The kinds of check: one file each. To add one, write its file and name it here."""

from ..check import Check
from .alertmanager import Alertmanager
from .auth_service import AuthService
from .clock import Clock
from .collections import Collections
from .database import Database
from .disk import Disk
from .event_loop import EventLoop
from .http import Http
from .prometheus import Prometheus
from .redis import Redis
from .tcp import Tcp

KINDS: tuple[type[Check], ...] = (
    Database,
    Collections,
    Redis,
    AuthService,
    Disk,
    Clock,
    EventLoop,
    Prometheus,
    Alertmanager,
    Http,
    Tcp,
)

__all__ = ["KINDS"]
