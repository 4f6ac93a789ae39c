"""Keeping events and answering questions about them, on one of two engines."""
