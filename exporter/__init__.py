"""Meterhouse: the telemetry service that teams with AI products put beside their app."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("meterhouse")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
