"""The process: what it says at its start, how it ends, what it survives."""

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

from .services.service import KEY, running


def test_the_greeting_can_be_pasted(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir) as process:
        said = process.log.read_text()
        command = re.search(r"^curl -sS .*?/track.*?(?=^curl)", said, re.M | re.S)
        assert command is not None
        ran = subprocess.run(
            ["bash", "-c", command.group()], capture_output=True, text=True, timeout=30, check=True
        )
        answer = json.loads(ran.stdout)
        assert answer["status"] == "completed"
        started = 'ai_requests_started_total{model="gpt-4o",feature="",user_plan="free"}'
        assert process.sample(started) == 1
        token_files = [path for path in data_dir.iterdir() if "token" in path.name]
        assert token_files
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in token_files)
        assert process.terminate() == 0


async def test_sigterm_finishes_what_was_accepted(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        async with aiohttp.ClientSession(process.url, headers={"X-API-Key": KEY}) as session:

            async def post(number: int) -> int:
                body = {"featureName": "f", "creditsUsed": 1, "usageId": str(number)}
                try:
                    async with session.post("/api/credits/track", json=body) as response:
                        return response.status
                except aiohttp.ClientError:
                    return 0  # came too late: never accepted

            posts = [asyncio.create_task(post(number)) for number in range(200)]
            while not any(task.done() for task in posts):
                await asyncio.sleep(0)
            process.popen.send_signal(signal.SIGTERM)
            statuses = await asyncio.gather(*posts)
        assert await asyncio.to_thread(process.popen.wait, 15) == 0
    assert set(statuses) <= {201, 503, 0}
    assert statuses.count(201) >= 1
    with running(tmp_path / "data") as process:
        token = re.findall(r"^(eyJ\S+)$", process.log.read_text(), re.M)[-1]
        assert token
        assert process.terminate() == 0


def test_a_second_sigterm_ends_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "data", SHUTDOWN_SECONDS="60") as process:
        host, port = process.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as hanging:
            hanging.sendall(
                b"POST /api/credits/track HTTP/1.1\r\nHost: x\r\nX-API-Key: %b\r\n"
                b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{" % KEY.encode()
            )
            deadline = time.monotonic() + 20
            process.popen.send_signal(signal.SIGTERM)
            while "stopping" not in process.log.read_text() and time.monotonic() < deadline:
                os.sched_yield()
            assert process.popen.poll() is None
            process.popen.send_signal(signal.SIGTERM)
            assert process.popen.wait(10) == 128 + signal.SIGTERM


def serve(**environment: str) -> subprocess.CompletedProcess[str]:
    """What became of a service that has to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", "serve"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )


def test_a_bad_setting_stops_the_start(tmp_path: Path) -> None:
    ran = serve(DATA_DIR=str(tmp_path), PORT="many")
    assert ran.returncode == 2
    assert "PORT='many'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = serve(DATA_DIR=str(tmp_path), PORT=port)
    assert ran.returncode == 1
    said = ran.stdout + ran.stderr
    assert "cannot_start" in said
    assert port in said
    assert "Traceback" not in said


def test_a_data_folder_that_is_taken_is_said(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        ran = serve(DATA_DIR=str(tmp_path / "data"), PORT="0")
        assert process.get("/-/ready")
    assert ran.returncode == 1
    assert "in use by another process" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


def test_the_start_waits_for_no_library_that_it_may_do_without() -> None:
    loads = (
        "import sys, exporter.server as server\n"
        "names = {'genai_prices', 'limits', 'motor', 'redis', 'ua_parser'}\n"
        "print(*sorted(names & set(sys.modules)))\n"
        "server.enrich.load()\n"
        "print(*sorted(names & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "\ngenai_prices ua_parser\n"


def test_a_library_that_cannot_be_loaded_is_said_when_the_service_starts(tmp_path: Path) -> None:
    folder = tmp_path / "first-on-the-path"
    folder.mkdir()
    (folder / "genai_prices.py").write_text("raise RuntimeError('a broken installation')")
    with running(tmp_path / "data", PYTHONPATH=str(folder)) as process:
        deadline = time.monotonic() + 20
        while "libraries_not_loaded" not in process.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "a broken installation" in process.log.read_text()
        assert process.terminate() == 0
