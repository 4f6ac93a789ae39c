"""The rules, their tests, the runbook and the ways of alerts, by Prometheus's own tools."""
