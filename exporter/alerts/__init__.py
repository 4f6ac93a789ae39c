"""Alerts that are remembered: what others notify of, and what the service notices by itself."""
