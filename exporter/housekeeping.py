"""The jobs that keep the service in order beside recording: watching its machine, the purge."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from .access.principal import DEFAULT_TENANT
from .background import Job
from .clock import Clock
from .family import Family
from .ids import new_id
from .ingest.step import Step
from .ingest.writer import Writer
from .metrics import system
from .metrics.values import Metrics
from .records.system_sample import SYSTEM_SAMPLE, SystemSample
from .settings import Settings
from .storage.base import Store


class Machine:
    """Watches the machine that the service runs on, from one thread, and remembers its state."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._thread = ThreadPoolExecutor(1, "machine", initializer=psutil.cpu_percent)
        self._last: system.SystemReading | None = None

    def watch(self, metrics: Metrics) -> Job:
        """A job that shows the state of the machine in the metrics."""

        async def run() -> None:
            system.mirror(await self.read(), metrics)

        return run

    def sample(self, writer: Writer, clock: Clock) -> Job:
        """A job that records the state of the machine, as it was last seen, as a system_sample."""

        async def run() -> None:
            reading = self._last or await self.read()
            document = SystemSample(
                sample_id=new_id(),
                tenant_id=DEFAULT_TENANT,
                timestamp=clock(),
                host=reading.host,
                cpu_usage=reading.cpu_usage,
                memory_usage=reading.memory_usage,
                disk_usage=reading.disk_usage,
                load1=reading.load[0],
                load5=reading.load[1],
                load15=reading.load[2],
                bytes_in=reading.bytes_in,
                bytes_out=reading.bytes_out,
            )
            await writer.submit([Step(SYSTEM_SAMPLE, None, document)], size=0)

        return run

    def close(self) -> None:
        """End its thread, without waiting for a disk that does not answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def read(self) -> system.SystemReading:
        """The state of the machine now; the CPU's is its mean since the last reading."""
        loop = asyncio.get_running_loop()
        self._last = await loop.run_in_executor(self._thread, system.read, self._data_dir)
        return self._last


def purge(store: Store, families: Sequence[Family], settings: Settings, clock: Clock) -> Job:
    """A job that removes what is past its retention, family by family."""

    async def run() -> None:
        for family in families:
            await store.purge(family, clock() - family.kept_for(settings))

    return run
