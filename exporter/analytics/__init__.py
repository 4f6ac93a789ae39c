"""Questions about what was recorded: one module a subject, pure functions from a store, a scope
and a period to an answer."""
