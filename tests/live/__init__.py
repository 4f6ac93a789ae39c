"""The whole chain, live: service, Prometheus, Alertmanager, and whom that tells."""
