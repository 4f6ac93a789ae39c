"""The machine that the service runs on, read with psutil and shown as `service="exporter"`."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from . import catalogue
from .catalogue import OWN_SERVICE
from .values import Metrics

LOAD_WINDOWS = ("1m", "5m", "15m")


@dataclass(frozen=True, kw_only=True)
class SystemReading:
    """The state of the machine.

    cpu_usage: percent of all cores. memory_usage, disk_usage: percent.
    load: averages over 1, 5 and 15 minutes.
    bytes_in, bytes_out: over the network since the machine started; 0 where it does not tell.
    """

    host: str
    cpu_usage: float
    memory_usage: float
    disk_usage: float
    load: tuple[float, float, float]
    bytes_in: int
    bytes_out: int


def read(data_dir: Path) -> SystemReading:
    """The state of the machine now; the disk is the one that holds `data_dir`.

    A disk may keep it waiting, so call it in a thread, and always in the same one: the CPU is
    measured since the last reading of that thread. Raises OSError without a `data_dir`.
    """
    bytes_in, bytes_out = _network()
    return SystemReading(
        host=socket.gethostname(),
        cpu_usage=min(100.0, psutil.cpu_percent()),
        memory_usage=psutil.virtual_memory().percent,
        disk_usage=psutil.disk_usage(os.fspath(data_dir)).percent,
        load=_load(),
        bytes_in=bytes_in,
        bytes_out=bytes_out,
    )


def mirror(reading: SystemReading, metrics: Metrics) -> None:
    """Show a reading in the metrics."""
    own = (OWN_SERVICE,)
    metrics.set(catalogue.SYSTEM_CPU_USAGE, own, reading.cpu_usage)
    metrics.set(catalogue.SYSTEM_MEMORY_USAGE, own, reading.memory_usage)
    metrics.set(catalogue.SYSTEM_DISK_USAGE, own, reading.disk_usage)
    for window, load in zip(LOAD_WINDOWS, reading.load, strict=True):
        metrics.set(catalogue.SYSTEM_LOAD_AVERAGE, (OWN_SERVICE, window), load)
    for direction, moved in (("in", reading.bytes_in), ("out", reading.bytes_out)):
        metrics.raise_to(catalogue.SYSTEM_NETWORK_BYTES, (OWN_SERVICE, direction), moved)


def _network() -> tuple[int, int]:
    try:
        moved = psutil.net_io_counters()
    except OSError:  # a container that does not show its network devices
        return 0, 0
    # None in a container without network devices, which the type stubs do not know.
    return (moved.bytes_recv, moved.bytes_sent) if moved else (0, 0)


def _load() -> tuple[float, float, float]:
    try:
        return psutil.getloadavg()
    except OSError:  # a machine that keeps no load average
        return 0.0, 0.0, 0.0
