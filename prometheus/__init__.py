"""Prometheus: its configuration, its rules and their tests; `source` is what they are made from."""
