"""What a source says of one alert, and what its labels mean in a record's words."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import msgspec

from ..access.principal import DEFAULT_TENANT
from ..clock import epoch_ms, to_milliseconds
from ..fields import FREE_MAP_BYTES
from ..records.alert import AlertType, Severity, Source

NAME_LENGTH = 128
TITLE_LENGTH = 500
MESSAGE_LENGTH = 4_000

SEVERITIES: Mapping[str, tuple[Severity, AlertType]] = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "disaster"), ("critical", "error")),
    **dict.fromkeys(("high", "error", "major"), ("high", "error")),
    **dict.fromkeys(("medium", "warning", "warn", "minor", "average"), ("medium", "warning")),
    **dict.fromkeys(("low", "info", "information", "notice", "debug", "none"), ("low", "info")),
}
"""What the words that rules use for `severity` mean here, and the type that goes with it."""
UNSAID: tuple[Severity, AlertType] = ("medium", "warning")
"""Of an alert without a `severity`, or with one that is nobody's."""
OTHER = "other"
"""The category of an alert that names none."""
KEPT_FIRST = ("alertname", "severity", "category")
"""The labels that are kept of an alert that has more than fit."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One alert as its source says it is now.

    fingerprint: the same for the same labels, as the source makes it; see `fingerprint_of`.
    ends_at: when it was over; None while it lasts.
    """

    source: Source
    fingerprint: str
    starts_at: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None
    tenant: str = DEFAULT_TENANT
    generator_url: str | None = None

    @property
    def alert_id(self) -> str:
        """The key of the record of this start."""
        return alert_id(self.fingerprint, self.starts_at)

    @property
    def alertname(self) -> str:
        """The name of the rule, the check, the evaluator."""
        return self.labels.get("alertname", "")[:NAME_LENGTH] or "unnamed"

    @property
    def severity(self) -> tuple[Severity, AlertType]:
        """How bad it is, and the type of alert that it is for that."""
        return SEVERITIES.get(self.labels.get("severity", "").lower(), UNSAID)

    @property
    def category(self) -> str:
        """What it is about."""
        return self.labels.get("category", "")[:NAME_LENGTH] or OTHER

    @property
    def title(self) -> str:
        """One line for people."""
        return self._annotation("title", "summary")[:TITLE_LENGTH] or self.alertname

    @property
    def message(self) -> str:
        """What it says at more length."""
        return self._annotation("message", "description", "summary")[:MESSAGE_LENGTH] or self.title

    def _annotation(self, *names: str) -> str:
        return next((text for name in names if (text := self.annotations.get(name))), "")


def alert_id(fingerprint: str, starts_at: datetime) -> str:
    """The key of the record of one start of one alert."""
    return f"{fingerprint}-{epoch_ms(to_milliseconds(starts_at))}"


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """16 hexadecimal digits, the same for the same labels, for sources that make none."""
    pairs = msgspec.json.encode(sorted(labels.items()))
    return hashlib.sha256(pairs).hexdigest()[:16]


def fitting(values: Mapping[str, str]) -> dict[str, str]:
    """The labels or annotations as they are kept: all, or those that fit into 16 KiB of JSON.

    What says most of an alert comes first, the rest in the order of its names.
    """
    kept: dict[str, str] = {}
    room = FREE_MAP_BYTES - len("{}")
    for name in _by_weight(values):
        needed = len(msgspec.json.encode({name: values[name]})) - len("{}") + len(",")
        if needed <= room:
            kept[name] = values[name]
            room -= needed
    return kept


def _by_weight(values: Mapping[str, str]) -> Iterator[str]:
    first = [name for name in KEPT_FIRST if name in values]
    return chain(first, sorted(values.keys() - set(first)))
