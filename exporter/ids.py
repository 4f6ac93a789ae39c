"""Identifiers that are unique for all time and come in the order of their making.

The layout of UUID version 7 (RFC 9562): milliseconds first, then random bits. An index over them
grows at its end, where random ones would touch a page each.
"""

from secrets import token_hex
from time import time_ns

_RANDOM_BYTES = 10


def new_id() -> str:
    """A new identifier: 32 hexadecimal digits."""
    return f"{time_ns() // 1_000_000:012x}{token_hex(_RANDOM_BYTES)}"
