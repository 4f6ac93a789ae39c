"""Rollups: the numbers of families by the hour, the day and the month, which keep answers fast."""
