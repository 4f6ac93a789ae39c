"""Scrapes of a Metrics, and what prometheus-client reads in them."""

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.metrics.exposition import render
from exporter.metrics.values import Metrics


async def scrape(metrics: Metrics, *, openmetrics: bool = False) -> str:
    """What we print, without the collectors of the runtime."""
    chunks = render(metrics, CollectorRegistry(), openmetrics=openmetrics)
    return b"".join([chunk async for chunk in chunks]).decode()


def scrape_by_client(metrics: Metrics, *, openmetrics: bool = False) -> str:
    """What prometheus-client's own renderer prints."""
    registry = CollectorRegistry()
    registry.register(metrics)
    printed = generate_openmetrics(registry) if openmetrics else generate_latest(registry)
    return printed.decode()


def read(text: str, *, openmetrics: bool = False) -> list[Any]:
    """All that a scrape says, as prometheus-client's parser reads it, comparable also with NaN."""
    families = parse_openmetrics(text) if openmetrics else parse_text(text)
    return [
        (family.name, family.type, family.documentation, family.unit, samples(family.samples))
        for family in families
    ]


def samples(found: Iterable[Any]) -> list[Any]:
    return [
        (sample.name, sorted(sample.labels.items()), repr(float(sample.value)), sample.exemplar)
        for sample in found
    ]


def values(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Each sample's value by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


def lines(text: str, name: str = "") -> list[str]:
    """The sample lines, those of one metric or all."""
    return [line for line in text.splitlines() if not line.startswith("#") and name in line]
