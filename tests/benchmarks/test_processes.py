"""Programs that are started for a case end with it."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import processes
from benchmarks.processes import BenchmarkError

SERVER = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1")


def test_a_program_is_ready_pinned_and_gone_afterwards(tmp_path: Path) -> None:
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}/"
    with processes.running((*SERVER, str(port)), url, log=tmp_path / "log", folder=tmp_path) as one:
        assert processes.answers(url)
        assert psutil.Process(one.pid).cpu_affinity() == [int(processes.SERVER_CORE)]
    assert one.poll() is not None
    assert not processes.answers(url)


def test_a_program_that_ends_at_once_is_shown_with_what_it_said(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such thing')")
    with (
        pytest.raises(BenchmarkError, match="no such thing"),
        processes.running(command, "http://127.0.0.1:9/", log=tmp_path / "log"),
    ):
        pytest.fail("it is not ready")


def test_a_program_that_does_not_listen_to_reason_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); "
    process = subprocess.Popen(
        [sys.executable, "-c", f"{deaf}signal.pause()"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    processes.end(process)
    process.stdout.close()
    assert process.returncode == -9


def test_a_command_that_fails_is_named() -> None:
    with pytest.raises(BenchmarkError, match="Building it failed"):
        processes.run((sys.executable, "-c", "raise SystemExit(3)"), what="Building it")
    assert processes.run((sys.executable, "-c", "print(7)"), what="Asking") == "7\n"
