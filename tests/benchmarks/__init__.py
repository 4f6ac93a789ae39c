"""The benchmark's own logic: what it asks, what it makes of the answers, and the documents."""
