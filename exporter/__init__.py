"""Meterhouse: the telemetry service that teams with AI products put beside their app."""

__version__ = "0.1.0"
