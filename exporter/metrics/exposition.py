"""What a scrape is answered: the text format or OpenMetrics, in chunks, gzipped when asked for.

Our own series are printed here; those of the process and the platform come from prometheus-client,
whose renderer takes some 10 µs a series, against 0.1 µs here.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import NamedTuple

from isal import isal_zlib
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics_exposition

from .values import Metrics

CHUNK_LINES = 1_000
"""Lines in a chunk: about 0.3 ms of printing and compressing, for which the loop is held. A call
takes some ten turns of the loop to be answered; chunks five times as large cost no less."""

TURNS = 4
"""Turns of the loop from a chunk to the next, while others use them: with one in every turn a
scrape takes more of a core than recording leaves of it, and calls queue."""
IDLE_SECONDS = 50e-6
"""A turn that takes less had nothing to do but this."""

GZIP_LEVEL = 1
GZIP_WINDOW_BITS = 31  # the largest window, with gzip's header and checksum

OPENMETRICS = "application/openmetrics-text"
OPENMETRICS_VERSIONS = ("", "1.0.0")
TEXT_PRECEDENCE = ("text/plain", "text/*", "*/*")
"""The ranges that the text format falls under; the most specific one counts."""

_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")


class Wanted(NamedTuple):
    """The format and the encoding that a scraper gets."""

    openmetrics: bool
    gzip: bool


class _Range(NamedTuple):
    """One entry of an Accept or Accept-Encoding header."""

    name: str
    version: str
    quality: float


def negotiate(accept: str | None, accept_encoding: str | None) -> Wanted:
    """What the two headers ask for.

    OpenMetrics only where it is named, and not less welcome than text; text also where nothing
    that we have is accepted, as Prometheus's own clients do.
    """
    ranges = _ranges(accept or "")
    openmetrics = max(
        (
            one.quality
            for one in ranges
            if one.name == OPENMETRICS and one.version in OPENMETRICS_VERSIONS
        ),
        default=0.0,
    )
    text = _first(ranges, TEXT_PRECEDENCE)
    encodings = _ranges(accept_encoding or "")
    gzip = _first(encodings, ("gzip", "x-gzip", "*"))
    return Wanted(
        openmetrics=openmetrics > 0 and openmetrics >= text,
        gzip=gzip > 0 and gzip >= _first(encodings, ("identity",)),
    )


def content_type(*, openmetrics: bool) -> str:
    """The Content-Type of an exposition."""
    return openmetrics_exposition.CONTENT_TYPE_LATEST if openmetrics else CONTENT_TYPE_PLAIN_0_0_4


async def render(
    metrics: Metrics, runtime: CollectorRegistry, *, openmetrics: bool
) -> AsyncIterator[bytes]:
    """The exposition in chunks: `metrics`, then what else `runtime` collects.

    Other tasks run in between. What they record may be in a later chunk and not in an earlier
    one, but a histogram's label set is always shown as of one moment.
    """
    for chunk in _chunks(metrics, openmetrics=openmetrics):
        yield chunk
        await _let_others_go_first()
    if openmetrics:
        yield openmetrics_exposition.generate_latest(runtime)  # type: ignore[no-untyped-call]  # the client has no types there
    else:
        yield generate_latest(runtime)


async def _let_others_go_first() -> None:
    """Return when nobody has anything to do, or after TURNS turns of the loop."""
    for _ in range(TURNS):
        began = perf_counter()
        await asyncio.sleep(0)
        if perf_counter() - began < IDLE_SECONDS:
            return


async def gzip_chunks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks as one gzip stream.

    On the loop: compressing a chunk takes 0.1 ms, and going to a thread and back longer.
    """
    stream = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW_BITS)
    async for chunk in chunks:
        yield stream.compress(chunk)
    yield stream.flush()


def _chunks(metrics: Metrics, *, openmetrics: bool) -> Iterator[bytes]:
    held: list[bytes] = []
    lines = 0
    for series in metrics.all_series():
        held.append(series.header(openmetrics=openmetrics))
        start, size = 0, len(series)
        while start < size:
            stop = min(size, start + max(1, (CHUNK_LINES - lines) // series.lines_each))
            held.append(series.render(start, stop, openmetrics=openmetrics))
            lines += (stop - start) * series.lines_each
            start = stop
            if lines >= CHUNK_LINES:
                yield b"".join(held)
                held.clear()
                lines = 0
        held.append(b"\n")
    yield b"".join(held)


def _ranges(header: str) -> list[_Range]:
    found = []
    for entry in header.lower().split(","):
        name, *rest = (part.strip() for part in entry.split(";"))
        parameters = dict(part.partition("=")[::2] for part in rest)
        said = parameters.get("q", "1")
        quality = float(said) if _QUALITY.match(said) else 0.0
        found.append(_Range(name, parameters.get("version", "").strip('"'), quality))
    return found


def _first(ranges: list[_Range], names: tuple[str, ...]) -> float:
    """The quality of the first of `names` that the header has, 0 without any."""
    for name in names:
        qualities = [one.quality for one in ranges if one.name == name]
        if qualities:
            return max(qualities)
    return 0.0
