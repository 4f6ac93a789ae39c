"""What Prometheus sees: the catalogue, the values, and the text they are rendered to."""
