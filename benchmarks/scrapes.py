"""Scrapes by curl: how long an exposition takes over HTTP, from the request to its last byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .load import cpu_seconds
from .processes import LOAD_CORE, BenchmarkError, pinned, run

GZIP = ("--header", "Accept-Encoding: gzip")
AS_PROMETHEUS = (
    "--header",
    "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
    "text/plain;version=0.0.4;q=0.4,*/*;q=0.1",
    *GZIP,
)
"""What Prometheus asks for."""
SECONDS = 300
SLOW_MS = 2_000.0
FIELDS = 3


@dataclass(frozen=True)
class Scrape:
    """One answer: its time, what it cost the server, both in ms, and its size on the wire."""

    ms: float
    cpu_ms: float
    size: int


def scrape(url: str, pid: int, options: Sequence[str] = ()) -> Scrape:
    """Ask the process `pid` at `url` for /metrics; BenchmarkError for anything but a 200."""
    command = (
        "curl",
        "--silent",
        "--show-error",
        *("--max-time", str(SECONDS)),
        *("--output", "/dev/null"),
        *("--write-out", "%{http_code} %{time_total} %{size_download}"),
        *options,
        f"{url}/metrics",
    )
    before = cpu_seconds(pid)
    said = run(pinned(LOAD_CORE, command), what=f"curl {url}/metrics").split()
    if len(said) != FIELDS or said[0] != "200":
        raise BenchmarkError(f"{url}/metrics answered {said}")
    return Scrape(float(said[1]) * 1000, (cpu_seconds(pid) - before) * 1000, int(said[2]))


def in_turn(
    servers: Mapping[str, tuple[str, int]], options: Sequence[str], rounds: int
) -> dict[str, list[Scrape]]:
    """Scrape each server (its address and process) in turn, after one that does not count.

    Of what takes seconds, that first one counts and is the only one.
    """
    first = {name: scrape(*one, options) for name, one in servers.items()}
    found = {name: [one] if one.ms > SLOW_MS else [] for name, one in first.items()}
    for _ in range(rounds):
        for name, one in servers.items():
            if first[name].ms <= SLOW_MS:
                found[name].append(scrape(*one, options))
    return found


def time_of(scrapes: Sequence[Scrape]) -> float:
    """The median time in ms."""
    return median(one.ms for one in scrapes)


def cpu_of(scrapes: Sequence[Scrape]) -> float:
    """The mean processor time in ms: the system counts it in steps of some ms."""
    return fmean(one.cpu_ms for one in scrapes)
