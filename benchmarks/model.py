"""The model of docs/scale.md: from what was measured to what one replica, ten, and a sharded
cluster can take, and where each of them ends.

The costs come from the kept results of the cases, so the model is made anew with them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .case import Case
from .report import Kept, significant, table

SECONDS_A_DAY = 86_400
FILL = 0.7
"""How busy a processor may be: past that, waiting grows faster than what is done."""
SCRAPE_SECONDS = 15
SCRAPE_SHARE = 0.05
"""The share of a core that being scraped may take."""
RETENTION_DAYS = 90
REPLICAS = 10
SHARDS = 10

Costs = Mapping[str, float]


@dataclass(frozen=True)
class Cost:
    """A measured cost: the case that measures it, its name there, and what it is."""

    case: str
    name: str
    meaning: str
    unit: str


COSTS = (
    Cost("levels", "full_us", "processor time of one single event, at full load", "µs"),
    Cost("levels", "alone_us", "the same when it has a commit for itself", "µs"),
    Cost("batches", "batch_us", "processor time of one event in a batch of 500", "µs"),
    Cost("slow-disk", "fsync_us", "one fsync of this machine's disk", "µs"),
    Cost("exposition", "scrape_us", "rendering and gzipping one series", "µs"),
    Cost("exposition", "scrape_bytes", "one series of a scrape, gzipped", "B"),
    Cost("memory", "series_bytes", "memory for one series", "B"),
    Cost("start", "event_bytes", "one event in the SQLite file, with indexes and rollups", "B"),
    Cost("refreshing", "rollup_us", "rolling up one event", "µs"),
    Cost("mongodb", "mongo_us", "processor time of a replica for one event of a batch", "µs"),
    Cost("mongodb", "mongo_rate", "inserts a second of one database server, our indexes", "/s"),
    Cost("redis", "redis_us", "processor time of Redis for one call", "µs"),
    Cost("redis", "redis_more_us", "what sharing limits adds to a call in a replica", "µs"),
)


@dataclass(frozen=True)
class Limit:
    """A limit: what it bounds, in which unit, and how it follows from the costs.

    one, ten, cluster: of one replica with SQLite; of ten on one MongoDB with one Redis; of as many
    replicas as it takes on a sharded cluster. A text says why there is no number.
    """

    name: str
    unit: str
    one: Callable[[Costs], float | str]
    ten: Callable[[Costs], float | str]
    cluster: Callable[[Costs], float | str]


def _cores(cost: str, replicas: int) -> Callable[[Costs], float]:
    return lambda costs: FILL * replicas * 1e6 / costs[cost]


def _days(rate: Callable[[Costs], float]) -> Callable[[Costs], float]:
    """GB that so many events a second come to in the retention."""
    return lambda costs: rate(costs) * SECONDS_A_DAY * RETENTION_DAYS * costs["event_bytes"] / 1e9


def _series(costs: Costs) -> float:
    return SCRAPE_SHARE * SCRAPE_SECONDS * 1e6 / costs["scrape_us"]


def _shared_us(costs: Costs) -> float:
    return costs["full_us"] + costs["redis_more_us"]


LIMITS = (
    Limit(
        "CPU: single events",
        "events/s",
        _cores("full_us", 1),
        lambda costs: FILL * REPLICAS * 1e6 / _shared_us(costs),
        lambda costs: "a core each, as many as there are",
    ),
    Limit(
        "CPU: events in batches",
        "events/s",
        _cores("batch_us", 1),
        _cores("mongo_us", REPLICAS),
        lambda costs: "a core each, as many as there are",
    ),
    Limit(
        "fsync: commits",
        "commits/s",
        lambda costs: 1e6 / costs["fsync_us"],
        lambda costs: "the database's journal",
        lambda costs: "one journal a shard",
    ),
    Limit(
        "database: events",
        "events/s",
        lambda costs: "in the CPU above",
        lambda costs: costs["mongo_rate"],
        lambda costs: SHARDS * costs["mongo_rate"],
    ),
    Limit(
        "rollups: events",
        "events/s",
        lambda costs: 0.1e6 / costs["rollup_us"],
        lambda costs: 0.1e6 / costs["rollup_us"],
        lambda costs: "one replica makes them: raise ROLLUP_SHARE",
    ),
    Limit(
        "Redis: calls",
        "calls/s",
        lambda costs: "none",
        lambda costs: FILL * 1e6 / costs["redis_us"],
        lambda costs: "a Redis for each group of replicas",
    ),
    Limit(
        f"series, at {SCRAPE_SHARE:.0%} of a core every {SCRAPE_SECONDS} s",
        "series",
        _series,
        lambda costs: "each replica its own: the sum in Prometheus",
        lambda costs: "the sum in Prometheus",
    ),
    Limit(
        "their memory",
        "MB",
        lambda costs: _series(costs) * costs["series_bytes"] / 1e6,
        lambda costs: REPLICAS * _series(costs) * costs["series_bytes"] / 1e6,
        lambda costs: "by replica",
    ),
    Limit(
        "one scrape of them, gzipped",
        "MB",
        lambda costs: _series(costs) * costs["scrape_bytes"] / 1e6,
        lambda costs: "by replica",
        lambda costs: "by replica",
    ),
    Limit(
        f"{RETENTION_DAYS} days of single events at a tenth of the CPU's rate",
        "GB",
        _days(lambda costs: 0.1 * _cores("full_us", 1)(costs)),
        lambda costs: "ten times that, in MongoDB",
        lambda costs: "by shard",
    ),
)


@dataclass(frozen=True)
class Check:
    """A point where the model was held against a measurement."""

    name: str
    unit: str
    expected: Callable[[Costs], float]
    measured: Callable[[Costs], float]


def event_us(costs: Costs, rate: float) -> float:
    """What a single event costs at a rate.

    At full load commits are shared by all that wait, alone an event pays for a whole one. In
    between it shares with those that come while a commit is under way.
    """
    alone, full = costs["alone_us"], costs["full_us"]
    return full + (alone - full) / (1 + rate * costs["alone_seconds"])


CHECKS = (
    Check(
        "full load on one core, from the cost of an event",
        "events/s",
        lambda costs: 1e6 / costs["full_us"],
        lambda costs: costs["full_rate"],
    ),
    Check(
        "processor at half load, from the costs alone and at full load",
        "% of a core",
        lambda costs: 100 * costs["half_rate"] * event_us(costs, costs["half_rate"]) / 1e6,
        lambda costs: 100 * costs["half_cpu"],
    ),
    Check(
        "an event of a batch with two replicas on one MongoDB, from one replica",
        "µs",
        lambda costs: costs["replica_us"],
        lambda costs: costs["replicas_us"],
    ),
)


def costs_of(results: Sequence[tuple[Case, Kept]]) -> dict[str, float]:
    """All measured costs by their names."""
    return {name: cost for _, kept in results for name, cost in kept.result.costs.items()}


def section(results: Sequence[tuple[Case, Kept]]) -> str:
    """The costs, the limits and the checks as Markdown; what was not measured yet is left out."""
    costs = costs_of(results)
    measured = [
        (one.meaning, f"{significant(costs[one.name])} {one.unit}", f"`{one.case}`")
        for one in COSTS
        if one.name in costs
    ]
    limits = [
        (
            limit.name,
            limit.unit,
            *(_cell(of, costs) for of in (limit.one, limit.ten, limit.cluster)),
        )
        for limit in LIMITS
    ]
    checks = [
        (check.name, check.unit, _cell(check.expected, costs), _cell(check.measured, costs))
        for check in CHECKS
    ]
    columns = ("limit", "", "one replica", f"{REPLICAS} replicas", f"cluster of {SHARDS} shards")
    return "\n\n".join(
        (
            "### Measured costs",
            table(("cost", "", "case"), measured),
            "### Limits",
            table(columns, limits),
            "### Checked",
            table(("point", "", "by the model", "measured"), checks),
        )
    )


def _cell(of: Callable[[Costs], float | str], costs: Costs) -> str:
    """A number, a reason, or nothing where a cost is not known."""
    try:
        value = of(costs)
    except KeyError:
        return "not measured"
    return value if isinstance(value, str) else rounded(value)


def rounded(number: float) -> str:
    """Two digits that count: a model is not better than that."""
    text = float(f"{number:.2g}")
    return f"{text:,.0f}" if text >= 10 else f"{text:g}"  # noqa: PLR2004  # below, a fraction says something
