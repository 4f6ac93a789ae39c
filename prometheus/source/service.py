"""Whether Meterhouse is there at all, and whether anybody would be told if it were not."""

from .rule import Alert, Case, Fire, Subject

UP = "up{$job, instance='a'}".replace("'", '"')
UP_B = UP.replace('"a"', '"b"')
JOB_LABEL = {"job": "meterhouse"}
A = {**JOB_LABEL, "instance": "a"}

SERVICE = Subject(
    name="service",
    title="Service",
    category="service",
    dashboard="meterhouse-service",
    alerts=(
        Alert(
            "MeterhouseDown",
            "max by (job) (up{$job}) == 0",
            "critical",
            "Meterhouse is down.",
            "No replica of {{ $labels.job }} could be scraped for 2 minutes. Look at the replicas "
            "first, then at the targets page of Prometheus for the error of the scrape.",
            means="Prometheus knows the replicas and reaches none. Nothing is recorded, or nobody "
            "sees it; callers get refused connections.",
            see="`/-/healthy` of each replica, and the error on Prometheus's targets page: a 401 "
            "is a wrong `METRICS_TOKEN`, not an outage.",
            act="Read the last lines of the log: a setting that is refused ends the start with its "
            "name. Start the replicas; what their spools hold is replayed by itself.",
            quiet="For a planned stop only, for its length. It holds back all other alerts of "
            "Meterhouse while it fires.",
            panel="Replicas",
            cases=(
                Case(
                    "one replica of two, and a missed scrape, are no outage",
                    {UP: "1 1 0x20", UP_B: "1 1 1 0 1 _ 1x20"},
                    {"10m": ()},
                ),
                Case(
                    "all replicas are gone for two minutes",
                    {UP: "1x4 0x10", UP_B: "1x4 0x10"},
                    {
                        "4m": (),
                        "6m": (),
                        "7m": (Fire(JOB_LABEL),),
                    },
                ),
                Case("back again", {UP: "0x5 1x5"}, {"5m": (Fire(JOB_LABEL),), "6m": ()}),
            ),
            wait="2m",
        ),
        Alert(
            "MeterhouseNotScraped",
            "absent(up{$job})",
            "critical",
            "Prometheus does not scrape Meterhouse.",
            "There has been no target of {{ $labels.job }} for 5 minutes: neither up nor down. "
            "Look at service discovery (DNS, ServiceMonitor), then at whether any replica runs.",
            means="Discovery finds no replica. Every alert that reads Meterhouse's metrics is "
            "blind.",
            see="Prometheus's service discovery page, and the answer of the DNS for the replicas.",
            act="If no replica runs, start them. Else mend the discovery: the name in "
            "`prometheus/prometheus.yml`, or the labels that the ServiceMonitor selects.",
            quiet="While Meterhouse is being taken out of service; then remove the rules.",
            panel="Replicas",
            cases=(
                Case(
                    "a target that is down is a target",
                    {UP: "0x20"},
                    {"10m": ()},
                ),
                Case(
                    "a few missed scrapes are survived",
                    {UP: "1x5 _x6 1x10"},
                    {"12m": (), "20m": ()},
                ),
                Case(
                    "no target for five minutes",
                    {'up{job="prometheus"}': "1x20"},
                    {"4m": (), "5m": (Fire(JOB_LABEL),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "MeterhouseReplicaDown",
            "up{$job} == 0 and on (job) max by (job) (up{$job}) == 1",
            "warning",
            "Replica {{ $labels.instance }} is down.",
            "{{ $labels.instance }} of {{ $labels.job }} could not be scraped for 5 minutes while "
            "others can. They take its calls, but what waits in its spool is not replayed. Look at "
            "the log of that replica.",
            means="One replica is gone. Callers notice little; the room for the next failure "
            "shrinks.",
            see="The targets page of Prometheus, and the replica's log and restarts.",
            act="Start it with the same data folder: its spool holds what it acknowledged.",
            quiet="By its `instance`, while that machine is being worked on.",
            panel="Replicas",
            cases=(
                Case(
                    "short restarts, and no other replica to compare with",
                    {UP: "1 0 0 0 1x20", 'up{$job, instance="b"}': "1x24"},
                    {"10m": ()},
                ),
                Case(
                    "one of two is gone",
                    {UP: "1 0x20", UP_B: "1x21"},
                    {"5m": (), "6m": (Fire(A),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "MeterhouseFlapping",
            "changes(up{$job}[30m]) >= 6",
            "warning",
            "Replica {{ $labels.instance }} comes and goes.",
            "{{ $labels.instance }} of {{ $labels.job }} went up or down {{ $value }} times in 30 "
            "minutes. Look for restarts in its log, for a lack of memory, and for scrapes that "
            "take longer than their timeout.",
            means="A replica restarts again and again, or answers scrapes only now and then.",
            see="Restarts of the container, the memory of its machine, and the time that rendering "
            "`/metrics` takes.",
            act="Killed for its memory: give it more, or fewer label values "
            "(`LABEL_VALUES_LIMIT`). Scrapes too slow: the same, or a longer timeout.",
            quiet="By its `instance`, for the length of a rollout that takes several tries.",
            panel="Replicas",
            cases=(
                Case(
                    "two restarts, and gaps",
                    {UP: "1x5 0 1x5 _ _ 1x5 0 1x20"},
                    {"30m": ()},
                ),
                Case(
                    "three restarts in half an hour",
                    {UP: "1x3 0 1x3 0 1x3 0 1x20"},
                    {"14m": (), "15m": (Fire(A, ("6",)),)},
                ),
            ),
        ),
        Alert(
            "MeterhouseWatchdog",
            "vector(1)",
            "info",
            "Alerting works.",
            "This alert always fires, with the value {{ $value }}. Where it stops arriving, look "
            "at Prometheus, at Alertmanager, and at the way between them.",
            means="Nothing is wrong: it proves that alerts arrive. A service outside that misses "
            "it for some minutes should wake somebody.",
            see="It is on the alerts page of Prometheus, and in Alertmanager.",
            act="When it does not arrive: Prometheus may be down, its disk full, or Alertmanager "
            "unreachable.",
            quiet="Never.",
            panel="Replicas",
            cases=(
                Case("it fires from the start", {}, {"0m": (Fire({}, ("1",)),)}),
                Case(
                    "it is there also when Meterhouse is not",
                    {UP: "0x10"},
                    {"10m": (Fire({}, ("1",)),)},
                ),
            ),
        ),
    ),
)
