"""What became of the events: stored in group commits, refused, or waiting in the spool."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Heat, Limits, Lines
from .asked import ASK, FAMILY, HOUR, NONE_YET, SHORT, WRITING

SPOOLED, ROOM = (
    f"max by (instance) ({ASK.select(gauge)})" for gauge in (c.SPOOL_BYTES, c.SPOOL_LIMIT)
)
NO_SPOOL = "No spool"

EVENTS = Topic(
    "Events",
    (
        Lines(
            "Events by outcome",
            "Events a second that were offered, by what became of them.",
            "ops",
            {"{{outcome}}": ASK.rate(c.EVENTS, by=("outcome",))},
            stacked=True,
        ),
        Lines(
            "Events by family",
            "Events a second that were offered, by family.",
            "ops",
            {"{{family}}": ASK.rate(c.EVENTS, by=FAMILY)},
            stacked=True,
        ),
        Lines(
            "Events not stored",
            "Events a second that were invalid, failed, known already, or went to the spool.",
            "ops",
            {
                "{{family}} {{outcome}}": ASK.rate(
                    c.EVENTS, 'outcome!="stored"', by=("family", "outcome")
                )
            },
            nothing=NONE_YET,
        ),
    ),
)
COMMITS = Topic(
    "Group commits",
    (
        Heat(
            "Batch sizes",
            "How many group commits held how many events of a family.",
            "short",
            ASK.buckets(c.WRITE_BATCH_SIZE),
        ),
        Lines(
            "Group commits",
            "Group commits a second that held events of a family.",
            "ops",
            {"{{family}}": ASK.observed(c.WRITE_DURATION, by=FAMILY)},
        ),
        Lines(
            "Write p95 by family",
            "95 % of the group commits with events of the family were durable within this time.",
            "s",
            {"{{family}}": ASK.quantile(0.95, c.WRITE_DURATION, by=FAMILY)},
            limits=WRITING,
        ),
    ),
)
SPOOL = Topic(
    "Spool",
    (
        Lines(
            "Events in the spool",
            "Events that wait for the database to come back, by replica.",
            "short",
            {"{{instance}}": f"sum by (instance) ({ASK.select(c.SPOOL_EVENTS)})"},
            height=SHORT,
            nothing=NO_SPOOL,
        ),
        Lines(
            "Room in the spool",
            "Bytes in the spool, by replica, of those it may hold.",
            "percentunit",
            {"{{instance}}": f"{SPOOLED} / ({ROOM} > 0)"},
            limits=Limits(0.5, 0.8),
            height=SHORT,
            nothing=NO_SPOOL,
        ),
        Lines(
            "Entries set aside",
            "Entries that could not be replayed, in the hour before each point, by reason.",
            "short",
            {"{{reason}}": ASK.growth(c.DEAD_LETTERS, by=("reason",), window=HOUR)},
            height=SHORT,
            nothing=NONE_YET,
        ),
    ),
)
