"""The write path: a body becomes a document, joins a group commit, and then moves the metrics."""
