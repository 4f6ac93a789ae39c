"""Health checks, incidents, maintenance and uptime."""
