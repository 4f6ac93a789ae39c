"""The Grafana dashboards as code: one module a dashboard, written to dashboards/*.json.

`make generate` writes the files; Grafana reads them as provisioning/ says, and never this code.
"""
