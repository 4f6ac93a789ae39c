"""The database, its pool and caches, and the spool that takes over while the database is away."""

from .rule import Alert, Case, Fire, Record, Subject


def _pool(service: str, state: str, instance: str = "a") -> str:
    return (
        f'database_connection_pool{{$job, instance="{instance}", service="{service}", '
        f'state="{state}"}}'
    )


def _cache(service: str, instance: str = "a") -> str:
    return (
        f'cache_hit_rate_percentage{{$job, instance="{instance}", service="{service}", '
        'cache_type="redis"}'
    )


def _query(le: str, instance: str = "a") -> str:
    return (
        f'database_query_duration_seconds_bucket{{$job, instance="{instance}", service="shop", '
        f'operation="find", le="{le}"}}'
    )


EVENTS = 'exporter_spool_events{$job, instance="a"}'
EVENTS_B = 'exporter_spool_events{$job, instance="b"}'
BYTES = 'exporter_spool_bytes{$job, instance="a"}'
LIMIT = 'exporter_spool_limit_bytes{$job, instance="a"}'
DEAD = 'exporter_dead_letters_waiting{$job, instance="a"}'

STORAGE = Subject(
    name="storage",
    title="Database, caches and spool",
    category="storage",
    dashboard="meterhouse-service",
    records=(
        Record(
            "service:database_query_duration_seconds:p95_rate5m",
            """
            histogram_quantile(0.95,
            sum by (service, le) (rate(database_query_duration_seconds_bucket{$job}[5m])))
            """,
            {
                _query("1.0"): "0+45x20",
                _query("2.0"): "0+50x20",
                _query("+Inf"): "0+50x20",
            },
            "20m",
            {'{service="shop"}': 1.5},
        ),
    ),
    alerts=(
        Alert(
            "ConnectionPoolNearlyExhausted",
            """
            max by (service) (
            database_connection_pool{$job, state="active"}
            / ignoring (state) (database_connection_pool{$job, state="total"} >= 10)) > 0.9
            """,
            "warning",
            "{{ $labels.service }} is running out of database connections.",
            "{{ $value | humanizePercentage }} of the database connections of "
            "{{ $labels.service }} have been busy for 5 minutes. Look at the database's times: "
            "slow queries hold connections.",
            means="Calls will soon wait for a connection. Pools of fewer than 10 connections are "
            "left out: one is often busy there.",
            see="The pool on the performance dashboard beside the p95 of the database.",
            act="Slow queries first. If the database has room, a larger pool "
            "(`MONGODB_POOL_SIZE` for Meterhouse's own).",
            quiet="By its `service`, during a migration.",
            panel="Connection pools",
            dashboard="meterhouse-performance",
            cases=(
                Case(
                    "half is busy; all of three; and nothing is known of an empty pool",
                    {
                        _pool("shop", "active"): "10x20",
                        _pool("shop", "total"): "20x20",
                        _pool("tiny", "active"): "3x20",
                        _pool("tiny", "total"): "3x20",
                        _pool("none", "active"): "0x20",
                        _pool("none", "total"): "0x20",
                    },
                    {"20m": ()},
                ),
                Case(
                    "19 of 20 on one replica",
                    {
                        _pool("shop", "active"): "5 19x20",
                        _pool("shop", "total"): "20x21",
                        _pool("shop", "active", "b"): "2x21",
                        _pool("shop", "total", "b"): "20x21",
                    },
                    {"5m": (), "6m": (Fire({"service": "shop"}, ("95%",)),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "CacheHitRateLow",
            "avg by (service, cache_type) (cache_hit_rate_percentage{$job}) < 50",
            "warning",
            "The cache {{ $labels.cache_type }} of {{ $labels.service }} hardly helps.",
            'Only {{ $value | printf "%.0f" }}% of the look-ups in {{ $labels.cache_type }} of '
            "{{ $labels.service }} were hits over 30 minutes. Look at its size and at what changed "
            "in its keys.",
            means="Most look-ups go on to the database. It costs speed, not data.",
            see="The hit rate on the performance dashboard over a day: some caches are cold at "
            "night.",
            act="After a restart, wait. Otherwise a larger cache, a longer life, or keys that "
            "repeat.",
            quiet="By its `service` and `cache_type`, if the cache is meant for rare cases.",
            panel="Cache hits",
            dashboard="meterhouse-performance",
            cases=(
                Case(
                    "cold for a while, then warm",
                    {_cache("shop"): "0x10 80x50"},
                    {"0m": (), "29m": (), "50m": ()},
                ),
                Case(
                    "a mean of 30% over two replicas",
                    {_cache("shop"): "20x60", _cache("shop", "b"): "40x60"},
                    {
                        "29m": (),
                        "30m": (Fire({"service": "shop", "cache_type": "redis"}, ("30",)),),
                    },
                ),
            ),
            wait="30m",
        ),
        Alert(
            "DatabaseSlow",
            """
            service:database_query_duration_seconds:p95_rate5m > 1
            and sum by (service) (rate(database_query_duration_seconds_count{$job}[5m])) > 0.1
            """,
            "warning",
            "The database of {{ $labels.service }} is slow.",
            "1 in 20 database operations of {{ $labels.service }} took longer than "
            "{{ $value | humanizeDuration }} over 5 minutes; 1 s is the limit. Look at the load of "
            "the database and at its slow queries.",
            means="Everything that asks the database waits. For Meterhouse, recording waits too, "
            "and its queue fills.",
            see="The times by operation: writes alone point to the disk, reads to a query.",
            act="Look at the database's own log of slow queries, its disk, and its locks.",
            quiet="By its `service`, while an index is being built.",
            panel="Database p95",
            dashboard="meterhouse-performance",
            cases=(
                Case(
                    "fast, with a restart",
                    {
                        _query("0.5"): "0+100x15 0+100x15",
                        _query("+Inf"): "0+100x15 0+100x15",
                        'database_query_duration_seconds_count{$job, service="shop"}': "0+100x15 "
                        "0+100x15",
                    },
                    {"20m": (), "30m": ()},
                ),
                Case(
                    "a tenth takes up to two seconds",
                    {
                        _query("1.0"): "0+90x30",
                        _query("2.0"): "0+100x30",
                        _query("+Inf"): "0+100x30",
                        'database_query_duration_seconds_count{$job, service="shop"}': "0+100x30",
                    },
                    {"10m": (), "11m": (Fire({"service": "shop"}, ("1.5s",)),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "DatabaseGone",
            "sum(min_over_time(exporter_spool_events{$job}[5m])) > 0",
            "warning",
            "The database does not take events: {{ $value | humanize }} wait in spools.",
            "At least {{ $value | humanize }} events waited in the spools of the replicas over 5 "
            "minutes. Nothing that was acknowledged is lost while the spools have room. Look at "
            "whether the database is reached, has a primary, and has disk left.",
            means="MongoDB is unreachable or refuses writes. Callers get 202, and what they sent "
            "is on the replicas' disks.",
            see="`/health` names the dependency; the log has the driver's words.",
            act="Bring the database back; replay starts by itself and in order. Do not delete a "
            "replica's data folder before its spool is empty.",
            quiet="For planned work on the database; leave SpoolNearlyFull on.",
            panel="Events in the spool",
            cases=(
                Case(
                    "a spool that empties again, and missed scrapes",
                    {EVENTS: "0 0 40 90 30 0 _ _ 10 0x20"},
                    {"4m": (), "8m": (), "15m": ()},
                ),
                Case(
                    "events wait in both replicas for ten minutes",
                    {EVENTS: "0 40x30", EVENTS_B: "0 60x30"},
                    {"10m": (), "11m": (Fire({}, ("100", "100")),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "SpoolGrowing",
            """
            sum(exporter_spool_events{$job}) > 0
            and sum(delta(exporter_spool_events{$job}[15m])) > 0
            """,
            "critical",
            "The spools are growing: {{ $value | humanize }} events wait.",
            "{{ $value | humanize }} events wait in the spools, and there have been more and more "
            "for 15 minutes: the database is gone, or replay is slower than what comes in. Look at "
            "the database, then at how long the spools will last.",
            means="It does not mend itself. When the spools are full, events are refused with 503.",
            see="The spool on the dashboard: its slope, and the room that is left.",
            act="As for DatabaseGone. If the database is back and it still grows, replay is too "
            "slow: look at the database's write times.",
            quiet="For planned work on the database that is shorter than the spools last.",
            panel="Events in the spool",
            cases=(
                Case(
                    "being replayed",
                    {EVENTS: "1000-20x60"},
                    {"30m": ()},
                ),
                Case(
                    "nothing waits",
                    {EVENTS: "0x60"},
                    {"30m": ()},
                ),
                Case(
                    "ten more a minute",
                    {EVENTS: "0+10x40", EVENTS_B: "0x40"},
                    {"15m": (), "16m": (Fire({}, ("160", "160")),)},
                ),
            ),
            wait="15m",
        ),
        Alert(
            "SpoolNearlyFull",
            """
            max by (instance) (exporter_spool_bytes{$job} / (exporter_spool_limit_bytes{$job} > 0))
            > 0.8
            """,
            "critical",
            "The spool of {{ $labels.instance }} is nearly full.",
            "{{ $value | humanizePercentage }} of the spool of {{ $labels.instance }} is used. "
            "When it is full, events are refused with 503 until the database takes them. Look at "
            "the database now.",
            means="Minutes or hours are left before events are refused.",
            see="The spool on the dashboard, and the free space of the replica's disk.",
            act="Bring the database back. To win time, raise `SPOOL_MAX_BYTES` if the disk has "
            "room, and start the replica again.",
            quiet="Never by itself.",
            panel="Room in the spool",
            cases=(
                Case(
                    "half full; and an installation without a spool",
                    {BYTES: "500x10", LIMIT: "1000x10"},
                    {"0m": (), "10m": ()},
                ),
                Case(
                    "85% of it is used",
                    {BYTES: "700 850x10", LIMIT: "1000x10"},
                    {"2m": (), "3m": (Fire({"instance": "a"}, ("85%",)),)},
                ),
            ),
            wait="2m",
        ),
        Alert(
            "DeadLettersWaiting",
            "sum(exporter_dead_letters_waiting{$job}) > 0",
            "warning",
            "{{ $value | humanize }} spooled entries were set aside.",
            "{{ $value | humanize }} entries of the spools could not be replayed and wait for a "
            "decision. Look at them with `meterhouse spool list`, which says why for each.",
            means="Events that were acknowledged are kept but not counted: the database refused "
            "them, or an older version wrote them.",
            see="`meterhouse spool list` in the data folder of each replica.",
            act="Mend the reason and run `meterhouse spool retry`; `meterhouse spool drop` gives "
            "them up for good.",
            quiet="While somebody decides, for a day at most.",
            panel="Set aside",
            cases=(
                Case(
                    "none, and one that was retried at once",
                    {DEAD: "0 0 1 0x10"},
                    {"3m": (), "10m": ()},
                ),
                Case(
                    "three on two replicas",
                    {
                        DEAD: "0 1x10",
                        DEAD.replace('"a"', '"b"'): "0 2x10",
                    },
                    {"5m": (), "6m": (Fire({}, ("3", "3")),)},
                ),
            ),
            wait="5m",
        ),
    ),
)
