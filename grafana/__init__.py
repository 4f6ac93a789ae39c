"""The Grafana dashboards as code: a module or a package each, written to dashboards/*.json.

`make generate` writes the files; Grafana reads them as provisioning/ says, and never this code.
"""
