"""The rules, their tests and the runbook, declared together: one module a subject."""
