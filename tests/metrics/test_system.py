import socket

import psutil
import pytest

from exporter.metrics import catalogue
from exporter.metrics.system import SystemReading, mirror, read
from exporter.metrics.values import Metrics


def reading(**changes):
    said = {
        "host": "h",
        "cpu_usage": 12.5,
        "memory_usage": 50.0,
        "disk_usage": 75.0,
        "load": (1.0, 5.0, 15.0),
        "bytes_in": 1000,
        "bytes_out": 2000,
    }
    return SystemReading(**(said | changes))


def test_a_reading_tells_of_this_machine(tmp_path):
    now = read(tmp_path)

    assert now.host == socket.gethostname()
    assert 0 <= now.cpu_usage <= 100
    assert 0 < now.memory_usage < 100
    assert 0 < now.disk_usage <= 100
    assert len(now.load) == 3
    assert now.bytes_in >= 0
    assert now.bytes_out >= 0


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(OSError, match="missing"):
        read(tmp_path / "missing")


def no_counters():
    raise FileNotFoundError("/proc/net/dev")


@pytest.mark.parametrize("counters", [lambda: None, no_counters])
def test_a_container_without_network_counters_is_read_as_zero(monkeypatch, tmp_path, counters):
    monkeypatch.setattr(psutil, "net_io_counters", counters)

    assert (read(tmp_path).bytes_in, read(tmp_path).bytes_out) == (0, 0)


def test_a_machine_without_load_averages_is_read_as_zero(monkeypatch, tmp_path):
    def no_load():
        raise OSError("not obtainable")

    monkeypatch.setattr(psutil, "getloadavg", no_load)

    assert read(tmp_path).load == (0, 0, 0)


def test_a_reading_is_shown_under_the_service_s_own_name():
    metrics = Metrics()

    mirror(reading(), metrics)

    assert metrics.value(catalogue.SYSTEM_CPU_USAGE, ("exporter",)) == 12.5
    assert metrics.value(catalogue.SYSTEM_MEMORY_USAGE, ("exporter",)) == 50
    assert metrics.value(catalogue.SYSTEM_DISK_USAGE, ("exporter",)) == 75
    for window, load in (("1m", 1), ("5m", 5), ("15m", 15)):
        assert metrics.value(catalogue.SYSTEM_LOAD_AVERAGE, ("exporter", window)) == load
    assert metrics.value(catalogue.SYSTEM_NETWORK_BYTES, ("exporter", "in")) == 1000
    assert metrics.value(catalogue.SYSTEM_NETWORK_BYTES, ("exporter", "out")) == 2000


def test_network_bytes_follow_the_machine_and_do_not_add_up():
    metrics = Metrics()

    mirror(reading(bytes_in=10), metrics)
    mirror(reading(bytes_in=30), metrics)
    mirror(reading(bytes_in=20), metrics)

    assert metrics.value(catalogue.SYSTEM_NETWORK_BYTES, ("exporter", "in")) == 30
