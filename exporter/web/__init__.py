"""HTTP: one module a resource, each with a table of its routes."""
