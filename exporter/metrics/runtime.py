"""prometheus-client's own collectors: of the process, the platform and the garbage collector."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


def runtime_collectors() -> CollectorRegistry:
    """A registry with those collectors, and nothing else."""
    runtime = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=runtime)
    return runtime
