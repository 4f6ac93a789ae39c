"""A seeded product with believable users, whose events are posted to a running service."""
