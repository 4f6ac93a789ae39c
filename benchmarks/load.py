"""Load by wrk, and what it measured: one connection's next call follows its last answer.

wrk is pinned to the load's core and bounded in time; what it sends is in lua/.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import psutil

from exporter.demo.product import DEVICES

from .processes import LOAD_CORE, BenchmarkError, pinned, run
from .service import KEY, PLANS, token

SCRIPTS = Path(__file__).with_name("lua")
USERS = 20_000
BATCH = 500


class Load(msgspec.Struct, frozen=True):
    """What one run of wrk came to: `duration` and the latencies in µs, `cpu` of the server in s."""

    requests: int
    duration: int
    p50: int
    p99: int
    max: int
    refused: int
    broken: int
    late: int

    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.duration * 1e6

    @property
    def cost(self) -> float:
        """Processor time of the server for one call, in µs."""
        return self.cpu / self.requests * 1e6


@dataclass(frozen=True)
class Caller:
    """A kind of load: how many `connections`, and who calls, as a Lua script and its arguments.

    `arguments` makes them of a prefix for ids that no other run has.
    """

    script: str
    connections: int
    arguments: Callable[[str], Sequence[str]]

    def run(self, url: str, seconds: float) -> Load:
        """Call `url` for so long; raises BenchmarkError where any call failed."""
        command = [
            "wrk",
            "--threads=1",
            f"--connections={self.connections}",
            f"--duration={max(1, round(seconds))}s",
            "--timeout=30s",
            f"--script={SCRIPTS / self.script}",
            url,
            "--",
            *self.arguments(secrets.token_hex(4)),
        ]
        return parsed(run(pinned(LOAD_CORE, command), what=f"wrk against {url}"))


def parsed(output: str) -> Load:
    """What wrk printed last, by lua/done.lua; BenchmarkError where calls failed."""
    said = output.strip().rpartition("\n")[2]
    try:
        load = msgspec.json.decode(said, type=Load)
    except msgspec.DecodeError as error:
        raise BenchmarkError(f"wrk said something else:\n{output[-2000:]}") from error
    if load.refused or load.broken or load.late or not load.requests:
        raise BenchmarkError(f"Calls failed: {said}")
    return load


def prepare_users(folder: Path) -> Path:
    """A folder with the tokens of 20,000 users, and the user agents of their devices."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = (token(f"user-{number}", plan=PLANS[number % 3]) for number in range(USERS))
    (folder / "tokens").write_text("\n".join(tokens))
    (folder / "agents").write_text("\n".join(device.user_agent for device in DEVICES))
    return folder


def singles(users: Path, connections: int, think_ms: int = 0) -> Caller:
    """Single events by those users, each connection with pauses of `think_ms` on average."""
    return Caller("single.lua", connections, lambda prefix: (str(users), prefix, str(think_ms)))


def batches(
    connections: int, kind: str = "mixed", *, think_ms: int = 0, late_per_mille: int = 0
) -> Caller:
    """Batches of events, posted with a service key; some of them late, where that is asked for."""
    rest = (str(BATCH), kind, str(think_ms), str(late_per_mille))
    return Caller("batch.lua", connections, lambda prefix: (KEY, prefix, *rest))


@dataclass(frozen=True)
class Subject:
    """A server under load: where it listens, its process, and who calls it."""

    url: str
    pid: int
    caller: Caller

    def round(self, seconds: float) -> Load:
        """One round of its load, with what that cost the server."""
        before = cpu_seconds(self.pid)
        load = self.caller.run(self.url, seconds)
        return msgspec.structs.replace(load, cpu=cpu_seconds(self.pid) - before)


def cpu_seconds(pid: int) -> float:
    """The processor time that a process, all its threads, has used so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def interleaved(
    subjects: Mapping[str, Subject], rounds: int, seconds: float
) -> dict[str, list[Load]]:
    """Each subject in turn, `rounds` times, after a turn that does not count.

    The rounds of all subjects pair up, so that what disturbs one disturbs its neighbours as well.
    """
    loads: dict[str, list[Load]] = {name: [] for name in subjects}
    for subject in subjects.values():
        subject.round(seconds)
    for _ in range(rounds):
        for name, subject in subjects.items():
            loads[name].append(subject.round(seconds))
    return loads


def rate(loads: Sequence[Load]) -> float:
    """The median rate."""
    return median(load.rate for load in loads)


def p99(loads: Sequence[Load]) -> float:
    """The median p99, in ms."""
    return median(load.p99 for load in loads) / 1000


def ratio(
    ours: Sequence[Load], theirs: Sequence[Load], of: Callable[[Load], float] = lambda one: one.rate
) -> float:
    """The median of the ratios of rounds that belong together."""
    return median(of(one) / of(other) for one, other in zip(ours, theirs, strict=True))
