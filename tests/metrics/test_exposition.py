import asyncio
import gzip
import math
import zlib
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.metrics import catalogue
from exporter.metrics.catalogue import Counter, Gauge, Histogram
from exporter.metrics.exposition import (
    CHUNK_LINES,
    IDLE_SECONDS,
    TURNS,
    content_type,
    gzip_chunks,
    negotiate,
    render,
)
from exporter.metrics.values import Metrics

from .scrape import lines, read, scrape, scrape_by_client, values

COUNTER = Counter("sent_bytes_total", 'Bytes "sent"\nin \\all.', ("model", "feature"), "bytes")
GAUGE = Gauge("level", "A level.", ("plan",))
HISTOGRAM = Histogram(
    "wait_seconds", "Waits.", ("model", "le_not"), "seconds", (0.1, 1.0, 2.5, 1e7)
)
BARE = (
    Counter("bare_total", "A counter without labels."),
    Gauge("bare_bytes", "A gauge without labels.", (), "bytes"),
    Histogram("bare_seconds", "A histogram without labels.", (), "seconds", (1.0,)),
)
ALL = (COUNTER, GAUGE, HISTOGRAM, *BARE)
NOON = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)

hostile = st.text(max_size=20) | st.sampled_from(
    ['"', "\\", "\n", "\\n", 'a"} 1\nfake_total 7', "# EOF", "\r\n", "\x00", "é\u2028😀", "other"]
)
amounts = st.floats(min_value=0, max_value=1e15) | st.integers(0, 2**53).map(float)
# The client's parser cannot read quotes and braces in an exemplar, not even its own.
identifiers = st.text("abcXYZ0189-_.:/é", max_size=140)
exemplars = st.none() | st.tuples(st.sampled_from(["trace_id", "request_id"]), identifiers)


def put(metrics, counted, levels, waits):
    for labels, amount in counted:
        metrics.inc(COUNTER, labels, amount)
        metrics.inc(BARE[0], (), amount)
    for plan, level in levels:
        metrics.set(GAUGE, (plan,), level)
    for labels, wait, exemplar in waits:
        metrics.observe(HISTOGRAM, labels, wait, exemplar)
        metrics.observe(BARE[2], (), wait, exemplar)


@pytest.mark.parametrize("openmetrics", [False, True])
@settings(max_examples=60, deadline=None)
@given(
    counted=st.lists(st.tuples(st.tuples(hostile, hostile), amounts), max_size=8),
    levels=st.lists(st.tuples(hostile, st.floats()), max_size=8),
    waits=st.lists(
        st.tuples(st.tuples(hostile, hostile), st.floats(0, 1e12), exemplars), max_size=8
    ),
)
def test_the_output_reads_like_that_of_prometheus_client(openmetrics, counted, levels, waits):
    metrics = Metrics(ALL, label_values_limit=1000)
    put(metrics, counted, levels, waits)

    ours = asyncio.run(scrape(metrics, openmetrics=openmetrics))

    theirs = scrape_by_client(metrics, openmetrics=openmetrics)
    assert read(ours, openmetrics=openmetrics) == read(theirs, openmetrics=openmetrics)


@pytest.mark.parametrize("openmetrics", [False, True])
async def test_the_whole_catalogue_reads_like_that_of_prometheus_client(openmetrics):
    metrics = Metrics()

    ours = read(await scrape(metrics, openmetrics=openmetrics), openmetrics=openmetrics)

    assert ours == read(scrape_by_client(metrics, openmetrics=openmetrics), openmetrics=openmetrics)
    assert len(ours) == len(catalogue.CATALOGUE)


async def test_headers_are_those_of_the_text_format():
    text = await scrape(Metrics(ALL))

    assert '# HELP sent_bytes_total Bytes "sent"\\nin \\\\all.\n' in text
    assert "# TYPE sent_bytes_total counter\n" in text
    assert "# UNIT" not in text
    assert "# EOF" not in text


async def test_headers_are_those_of_openmetrics():
    text = await scrape(Metrics(ALL), openmetrics=True)

    assert '# HELP sent_bytes Bytes \\"sent\\"\\nin \\\\all.\n' in text
    assert "# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n" in text
    assert "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n" in text
    assert text.count("# EOF") == 1
    assert text.endswith("# EOF\n")


async def test_metrics_without_labels_start_at_zero():
    assert lines(await scrape(Metrics(ALL))) == [
        "bare_total 0.0",
        "bare_bytes 0.0",
        'bare_seconds_bucket{le="1.0"} 0',
        'bare_seconds_bucket{le="+Inf"} 0',
        "bare_seconds_count 0",
        "bare_seconds_sum 0.0",
    ]


async def test_a_histogram_shows_cumulative_buckets_count_and_sum():
    metrics = Metrics(ALL)
    for wait in (0.05, 0.1, 0.2, 2.5, 1e8):
        metrics.observe(HISTOGRAM, ("m", "x"), wait)

    assert lines(await scrape(metrics), "wait_seconds") == [
        'wait_seconds_bucket{le="0.1",model="m",le_not="x"} 2',
        'wait_seconds_bucket{le="1.0",model="m",le_not="x"} 3',
        'wait_seconds_bucket{le="2.5",model="m",le_not="x"} 4',
        'wait_seconds_bucket{le="1e+07",model="m",le_not="x"} 4',
        'wait_seconds_bucket{le="+Inf",model="m",le_not="x"} 5',
        'wait_seconds_count{model="m",le_not="x"} 5',
        'wait_seconds_sum{model="m",le_not="x"} 100000002.85',
    ]


async def test_values_that_are_no_numbers_are_shown_as_prometheus_spells_them():
    metrics = Metrics(ALL)
    for plan, level in (("a", math.nan), ("b", math.inf), ("c", -math.inf), ("d", -0.5)):
        metrics.set(GAUGE, (plan,), level)

    assert lines(await scrape(metrics), "level") == [
        'level{plan="a"} NaN',
        'level{plan="b"} +Inf',
        'level{plan="c"} -Inf',
        'level{plan="d"} -0.5',
    ]


async def test_lone_surrogates_do_not_break_a_scrape():
    metrics = Metrics(ALL)
    metrics.set(GAUGE, ("a\ud800",), 1)
    metrics.set(GAUGE, ("a\udfff",), 2)
    metrics.observe(HISTOGRAM, ("m", "x"), 0.5, ("trace_id", "\ud800"))

    assert 'level{plan="a?"} 2.0' in await scrape(metrics)
    assert '# {trace_id="?"}' in await scrape(metrics, openmetrics=True)


async def test_exemplars_are_those_of_the_last_observation_of_each_bucket():
    metrics = Metrics(ALL, clock=NOON.timestamp)
    metrics.observe(HISTOGRAM, ("m", "x"), 0.5, ("trace_id", "first"))
    metrics.observe(HISTOGRAM, ("m", "x"), 0.7, ("trace_id", 'la"st'))
    metrics.observe(HISTOGRAM, ("m", "x"), 0.8)
    metrics.observe(HISTOGRAM, ("m", "x"), 2.0, ("request_id", "r1"))

    text = await scrape(metrics, openmetrics=True)

    bucket = 'wait_seconds_bucket{le="%s",model="m",le_not="x"} %s'
    assert bucket % ("0.1", "0\n") in text
    assert bucket % ("1.0", '3 # {trace_id="la\\"st"} 0.7 1769860800.123\n') in text
    assert bucket % ("2.5", '4 # {request_id="r1"} 2.0 1769860800.123\n') in text
    assert bucket % ("+Inf", "4\n") in text
    assert "first" not in text
    assert " # {" not in await scrape(metrics)


async def test_an_exemplar_that_is_too_long_for_openmetrics_is_left_out():
    metrics = Metrics(ALL)
    metrics.observe(HISTOGRAM, ("m", "x"), 0.5, ("trace_id", "1" * 120))
    metrics.observe(HISTOGRAM, ("m", "x"), 2.0, ("trace_id", "2" * 121))

    text = await scrape(metrics, openmetrics=True)

    assert '# {trace_id="111' in text
    assert '# {trace_id="222' not in text
    assert read(text, openmetrics=True) == read(
        scrape_by_client(metrics, openmetrics=True), openmetrics=True
    )


async def test_an_exemplar_with_a_zero_character_which_stops_prometheus_is_left_out():
    metrics = Metrics(ALL)
    metrics.observe(HISTOGRAM, ("m", "x"), 0.5, ("request_id", "a\0b"))

    assert " # {" not in await scrape(metrics, openmetrics=True)


async def test_a_large_scrape_comes_in_chunks_that_say_the_same():
    metrics = Metrics(ALL, label_values_limit=10**6, series_limit=10**6)
    for at in range(2 * CHUNK_LINES + 7):
        metrics.inc(COUNTER, (f"m{at % 100}", f"f{at}"), at)
    for at in range(CHUNK_LINES // 3):
        metrics.observe(HISTOGRAM, (f"m{at % 10}", f"f{at}"), at % 4)

    chunks = [chunk async for chunk in render(metrics, CollectorRegistry(), openmetrics=False)]

    assert len(chunks) > 4
    assert max(chunk.count(b"\n") for chunk in chunks) < CHUNK_LINES + 50
    assert read(b"".join(chunks).decode()) == read(scrape_by_client(metrics))


async def test_other_tasks_run_between_chunks_and_each_histogram_is_of_one_moment():
    metrics = Metrics(ALL, label_values_limit=10**6, series_limit=10**6)
    label_sets = [(f"m{at}", "x") for at in range(3000)]
    for labels in label_sets:
        metrics.observe(HISTOGRAM, labels, 0.5)
    runs = 0

    async def record():
        nonlocal runs
        while True:
            runs += 1
            for labels in label_sets:
                metrics.observe(HISTOGRAM, labels, runs % 5)
            metrics.replace(GAUGE, {(f"p{runs}",): 1.0})
            metrics.inc(COUNTER, (f"m{runs}", "x"))
            await asyncio.sleep(0)

    recording = asyncio.create_task(record())
    text = await scrape(metrics)
    recording.cancel()

    assert runs > 2
    shown = values(text)
    counts = set()
    for model, x in label_sets:
        labels = (("le_not", x), ("model", model))
        count = shown["wait_seconds_count", labels]
        counts.add(count)
        block = [0.0] + [
            shown["wait_seconds_bucket", (("le", le), *labels)]
            for le in ("0.1", "1.0", "2.5", "1e+07", "+Inf")
        ]
        assert block == sorted(block)
        assert block[-1] == count
        # each run r observed r % 5, so that count - 1 runs add up to:
        assert shown["wait_seconds_sum", labels] == 0.5 + sum(
            run % 5 for run in range(1, int(count))
        )
    assert len(counts) > 1


async def test_who_is_at_work_has_several_turns_between_two_chunks():
    metrics = Metrics(ALL, label_values_limit=10**6, series_limit=10**6)
    for at in range(4 * CHUNK_LINES):
        metrics.inc(COUNTER, ("m", f"f{at}"), at)
    turns = 0

    async def work():
        nonlocal turns
        while True:
            turns += 1
            until = perf_counter() + 2 * IDLE_SECONDS
            while perf_counter() < until:
                pass
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    chunks = [chunk async for chunk in render(metrics, CollectorRegistry(), openmetrics=False)]
    working.cancel()
    assert turns >= TURNS * (len(chunks) - 1)


@pytest.mark.parametrize("openmetrics", [False, True])
async def test_the_collectors_of_the_runtime_come_after_ours(openmetrics):
    runtime = CollectorRegistry()
    ProcessCollector(registry=runtime)
    PlatformCollector(registry=runtime)

    text = b"".join(
        [chunk async for chunk in render(Metrics(), runtime, openmetrics=openmetrics)]
    ).decode()

    families = list(parse_openmetrics(text) if openmetrics else parse_text(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert names.index("process_cpu_seconds") > names.index("exporter_scrape_duration_seconds")
    assert "python_info" in text
    assert text.count("# EOF") == int(openmetrics)


async def test_gzip_gives_one_stream_of_the_same_bytes():
    metrics = Metrics(ALL, label_values_limit=10**6, series_limit=10**6)
    for at in range(CHUNK_LINES * 2):
        metrics.inc(COUNTER, ("m", f"f{at}"), at)
    plain = await scrape(metrics)

    chunks = gzip_chunks(render(metrics, CollectorRegistry(), openmetrics=False))
    packed = b"".join([chunk async for chunk in chunks])

    assert gzip.decompress(packed).decode() == plain
    assert len(packed) < len(plain) / 5
    one_stream = zlib.decompressobj(31)
    one_stream.decompress(packed)
    assert one_stream.eof
    assert one_stream.unused_data == b""


PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (BROWSER, False),
        (PROMETHEUS_2, True),
        (PROMETHEUS_3, True),
        ("application/openmetrics-text", True),
        ('Application/OpenMetrics-Text; Version="1.0.0"', True),
        ("application/openmetrics-text; version=0.0.1", False),
        ("application/openmetrics-text; version=2.0.0", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.000, */*;q=0", False),
        ("application/openmetrics-text;q=0.5, text/plain", False),
        ("application/openmetrics-text;q=0.5, text/plain;q=0.5", True),
        ("application/openmetrics-text;q=0.5, text/*;q=0.6", False),
        ("application/openmetrics-text;q=0.5, text/plain;q=0.1, */*", True),
        ("application/openmetrics-text;q=2", False),
        ("application/openmetrics-text;q=nan", False),
        ("application/json", False),
        (";;,=,q=1;", False),
    ],
)
def test_openmetrics_is_for_those_who_name_it_and_like_it_no_less(accept, openmetrics):
    assert negotiate(accept, None) == (openmetrics, False)


@pytest.mark.parametrize(
    ("accept_encoding", "packed"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("deflate, br", False),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("identity", False),
        ("gzip;q=0.5, identity", False),
        ("gzip, identity;q=0.5", True),
        ("identity;q=0, *;q=0.1", True),
    ],
)
def test_gzip_is_for_those_who_accept_it_and_like_it_no_less(accept_encoding, packed):
    assert negotiate(None, accept_encoding) == (False, packed)


def test_content_types_are_those_of_the_formats():
    assert content_type(openmetrics=False) == "text/plain; version=0.0.4; charset=utf-8"
    assert content_type(openmetrics=True) == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    )
