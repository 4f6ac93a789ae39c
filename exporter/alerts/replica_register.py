"""The register of the alerts that a replica looks for at itself: a file in its data folder.

These burn just when the store is away. So the file is what counts, and the history of alerts is
told when it can be.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from ..access.principal import DEFAULT_TENANT
from ..clock import Clock
from ..errors import Conflict, NotFound
from .history import AlertHistory
from .register import Burning
from .report import Report
from .store_register import SOURCE, telling

FILE = "replica-alerts.json"
UNRECORDED = 100
"""Alerts that wait for the store at most; the oldest are forgotten then."""

Kept = TypeVar("Kept")

log = structlog.get_logger(__name__)


class Written(msgspec.Struct, rename="camel"):
    """What the file holds: what burns, by evaluator; and what the history does not know, by the
    alert's id: how the alert is, and who was told that it began."""

    burning: dict[str, Burning] = {}
    unrecorded: dict[str, Report] = {}
    unnoted: dict[str, list[str]] = {}


class ReplicaRegister:
    """Implements Register with a file in `data_dir`.

    Where the file cannot be written, the memory of this process has to do: a full disk is one of
    the things that are looked for.
    """

    def __init__(self, data_dir: Path, history: AlertHistory, clock: Clock) -> None:
        self._path = data_dir / FILE
        self._history = history
        self._clock = clock
        self._known: Written | None = None

    async def burning(self) -> dict[str, Burning]:
        """What the file says."""
        return dict((await self._read()).burning)

    async def write_off(self) -> list[Burning]:
        """None: the file is this replica's own."""
        return []

    async def write(self, report: Report) -> None:
        """Put it into the file; the history is told when the evaluation is over."""
        written = await self._read()
        name = report.alertname
        if report.ends_at is None:
            before = written.burning.get(name)
            told = before is not None and before.told
            now = self._clock()
            written.burning[name] = Burning(report=report, told=told, confirmed_at=now)
        else:
            written.burning.pop(name, None)
        _put(written.unrecorded, report.alert_id, report)
        await self._save(written)

    async def told(self, report: Report, channels: Sequence[str]) -> None:
        """Note it in the file; the history is told when the evaluation is over."""
        written = await self._read()
        name = report.alertname
        written.burning[name] = replace(written.burning[name], told=True)
        _put(written.unnoted, report.alert_id, list(channels))
        await self._save(written)

    async def finish(self) -> None:
        """Tell the history what it does not know; raises as it does, and then it is told later.

        A record that was written off while this replica was away is resolved for good: if its
        alert still burns, it begins anew.
        """
        written = await self._read()
        if not written.unrecorded and not written.unnoted:
            return
        for record in await self._history.notify(list(written.unrecorded.values())):
            over = record.resolved_by == SOURCE and record.ends_at is None
            kept = written.burning.get(record.alertname)
            if over and kept is not None and kept.report.alert_id == record.alert_id:
                del written.burning[record.alertname]
        written.unrecorded.clear()
        for alert_id, channels in written.unnoted.items():
            with suppress(NotFound, Conflict):  # purged, or its trail is full
                await self._history.change(DEFAULT_TENANT, alert_id, telling(channels))
        written.unnoted.clear()
        await self._save(written)

    async def _read(self) -> Written:
        if self._known is None:
            self._known = await asyncio.to_thread(_load, self._path)
        return self._known

    async def _save(self, written: Written) -> None:
        data = msgspec.json.encode(written)
        try:
            await asyncio.to_thread(_store, self._path, data)
        except OSError as error:
            log.warning("replica_alerts_not_saved", reason=type(error).__name__)


def _put(kept: dict[str, Kept], alert_id: str, value: Kept) -> None:
    """Put it behind the others, of which the first make room."""
    kept.pop(alert_id, None)
    kept[alert_id] = value
    while len(kept) > UNRECORDED:
        del kept[next(iter(kept))]


def _load(path: Path) -> Written:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Written)
    except FileNotFoundError:
        return Written()
    except (OSError, msgspec.DecodeError) as error:
        log.error("replica_alerts_unreadable", reason=type(error).__name__)  # noqa: TRY400  # its text may quote the file
        return Written()


def _store(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
