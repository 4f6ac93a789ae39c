"""Where and with what a result was measured."""

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec
import psutil

ROOT = Path(__file__).parent.parent
PACKAGES = ("aiohttp", "uvloop", "msgspec", "orjson", "isal", "prometheus-client", "motor")
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "wrk": ("wrk", "-v"),
    "Node": ("node", "--version"),
    "Go": ("go", "version"),
    "pushgateway": ("prometheus-pushgateway", "--version"),
}


class Origin(msgspec.Struct, frozen=True):
    """When, on which commit and on what machine a case was measured; with which versions."""

    date: str
    commit: str
    machine: str
    versions: str


def origin() -> Origin:
    """Now and here."""
    return Origin(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", commit(), machine(), ", ".join(versions())
    )


def commit(root: Path = ROOT) -> str:
    """The commit that is checked out, and whether anything differs from it."""
    said = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD")
    changed = _said("git", "-C", str(root), "status", "--porcelain", "--", "exporter")
    return f"{said or 'unknown'}{' with changes' if changed else ''}"


def machine() -> str:
    """The processor, its cores, and the memory."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    gigabytes = psutil.virtual_memory().total / 2**30
    cores = psutil.cpu_count()
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{model or platform.machine()}, {cores} cores, {gigabytes:.0f} GiB, {system}"


def versions() -> list[str]:
    """Of Python, of the packages that count, and of the programs that are there."""
    found = [f"Python {platform.python_version()}"]
    found += [f"{name} {metadata.version(name)}" for name in PACKAGES]
    for name, command in PROGRAMS.items():
        said = _said(*command)
        number = next((word for word in said.split() if any(map(str.isdigit, word))), None)
        if number is not None:
            found.append(f"{name} {number.strip('v,go')}")
    return found


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # of the table above
    except OSError:
        return ""
    failed = done.returncode and not done.stdout
    return "" if failed else (done.stdout or done.stderr).strip()
