"""What a scrape costs at a thousand, a hundred thousand and a million series."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from .. import series
from ..case import Bench, Case, Result, Row, Table, ratio_row
from ..peers.declared import CLIENT_GOLANG, PUSHGATEWAY, SHOWING
from ..probes import ask
from ..probes.rendering import Rendering
from ..scrapes import AS_PROMETHEUS, GZIP, Scrape, cpu_of, in_turn, time_of
from ..service import service
from .loads import OURS

SIZES = (1_000, 100_000, 1_000_000)
BAR_SIZE = 100_000
"""The size that the bars are for; the others show that there is no step."""
ENCODINGS = {"plain": (), "gzip": GZIP}
ASKED = {**ENCODINGS, "as Prometheus asks": AS_PROMETHEUS}
"""Prometheus asks for OpenMetrics first, which has exemplars, and gzip."""

Times = dict[str, dict[str, list[Scrape]]]
"""By encoding and by peer."""


def run(bench: Bench) -> Result:
    """The same series everywhere, first in one process, then over HTTP."""
    rows: list[Row] = []
    tables: list[Table] = []
    costs: dict[str, float] = {}
    ours: dict[str, dict[int, float]] = {encoding: {} for encoding in ASKED}
    for size in SIZES:
        shown, rendered, times = _measured(bench, size)
        tables += _tables(shown, rendered, times)
        for encoding in ASKED:
            ours[encoding][shown] = time_of(times[encoding][OURS])
        if size == BAR_SIZE:
            rows += [*_rendering_rows(shown, rendered), *_http_rows(shown, times)]
            costs["scrape_us"] = rendered.gzip * 1000 / shown
            costs["scrape_bytes"] = times["gzip"][OURS][0].size / shown
    rows += [_linear_row(encoding, found) for encoding, found in ours.items()]
    return Result(tuple(rows), tuple(tables), NOTES, costs)


NOTES = (
    "Over HTTP each scrape is one curl on the other core: from its request to the last byte. Within"
    " the process the text is rendered, and gzipped, chunk by chunk as a scrape has it; the copy is"
    " of our text into memory that is there.",
)


def _measured(bench: Bench, size: int) -> tuple[int, Rendering, Times]:
    """How many series there are, and what showing them takes in the process and over HTTP."""
    path = bench.scratch / f"series-{size}"
    with ExitStack() as running:
        one = running.enter_context(service(bench.scratch / f"data-{size}", **series.ROOM))
        shown = series.fill(one, size)
        _write(one.url, path)
        servers = {OURS: (one.url, one.pid)}
        rendered = ask("probes.rendering", (str(path), str(bench.rounds)), Rendering)
        for peer in SHOWING:
            other = running.enter_context(peer.serving(bench.cache, path))
            servers[peer.name] = other.url, other.pid
        times = {asked: in_turn(servers, options, bench.rounds) for asked, options in ASKED.items()}
    return shown, rendered, times


def _write(url: str, path: Path) -> None:
    text = series.exposition(url)
    path.with_suffix(".prom").write_text(text)
    series.write(text, path)


def _tables(shown: int, rendered: Rendering, times: Times) -> Iterator[Table]:
    columns = ("", *(f"{one}{what}" for one in ASKED for what in ("", ", of it CPU", ", MB")))
    lines = []
    for name in times["plain"]:
        cells = [name]
        for encoding in ASKED:
            some = times[encoding][name]
            cells += [f"{time_of(some):,.1f}", f"{cpu_of(some):,.0f}", f"{some[0].size / 1e6:.2f}"]
        lines.append(tuple(cells))
    yield Table(f"{shown:,} series over HTTP, ms", columns, tuple(lines))
    yield Table(
        f"{shown:,} series in one process ({rendered.size / 1e6:.1f} MB of text), ms",
        ("", *ENCODINGS),
        (
            (OURS, f"{rendered.plain:,.1f}", f"{rendered.gzip:,.1f}"),
            ("generate_latest", f"{rendered.client_plain:,.1f}", f"{rendered.client_gzip:,.1f}"),
            ("memcpy", f"{rendered.copying:,.2f}", ""),
        ),
    )


def _rendering_rows(shown: int, rendered: Rendering) -> Iterator[Row]:
    pairs = {
        "plain": (rendered.plain, rendered.client_plain),
        "gzip": (rendered.gzip, rendered.client_gzip),
    }
    for encoding, (mine, theirs) in pairs.items():
        yield ratio_row(
            f"exposition of {shown:,} series, {encoding}",
            f"{mine:.1f} ms",
            f"generate_latest {theirs:,.0f} ms",
            theirs / mine,
            least=40,
        )
    yield ratio_row(
        f"exposition of {shown:,} series, plain",
        f"{rendered.plain:.1f} ms",
        f"memcpy {rendered.copying:.2f} ms",
        rendered.plain / rendered.copying,
        most=20,
    )


def _http_rows(shown: int, times: Times) -> Iterator[Row]:
    for peer, least in ((CLIENT_GOLANG.name, 10), (PUSHGATEWAY.name, 4)):
        for encoding in ASKED:
            mine, theirs = (time_of(times[encoding][name]) for name in (OURS, peer))
            yield ratio_row(
                f"scrape of {shown:,} series, {encoding}",
                f"{mine:.1f} ms",
                f"{peer} {theirs:,.0f} ms",
                theirs / mine,
                least=least,
            )


def _linear_row(encoding: str, found: dict[int, float]) -> Row:
    """What a series costs at the largest size, beside at the bar's: as much, where it is linear."""
    (_, _), (middle, middle_ms), (most, most_ms) = found.items()
    per_series = most_ms / most * 1000, middle_ms / middle * 1000
    return ratio_row(
        f"a series of {most:,}, {encoding}",
        f"{per_series[0]:.3f} µs",
        f"of {middle:,} {per_series[1]:.3f} µs",
        per_series[0] / per_series[1],
        most=1.25,
    )


CASE = Case(
    "exposition",
    "The exposition",
    run,
    tools=("taskset", "curl", "node", "npm", "go", "prometheus-pushgateway"),
)
