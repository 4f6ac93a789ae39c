"""The dashboards: what they ask, and that Grafana and Prometheus can make something of it."""
