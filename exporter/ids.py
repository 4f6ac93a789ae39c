"""Identifiers that are unique for all time and come in the order of their making.

The layout of UUID version 7 (RFC 9562): milliseconds first, then random bits. An index over them
grows at its end, where random ones would touch a page each. Nobody can guess the next one.
"""

import os
from collections import deque
from time import time_ns

RANDOM_DIGITS = 20
DRAWN = 256
"""Identifiers whose random digits are drawn at once: to ask the kernel for those of one takes
longer than all the rest."""

_drawn: deque[str] = deque()
os.register_at_fork(after_in_child=_drawn.clear)  # a child must not use what its parent will


def new_id() -> str:
    """A new identifier: 32 hexadecimal digits."""
    try:
        digits = _drawn.pop()
    except IndexError:
        digits = _draw()
    return f"{time_ns() // 1_000_000:012x}{digits}"


def _draw() -> str:
    """Random digits for one identifier, and for the next ones as well."""
    digits = os.urandom(DRAWN * RANDOM_DIGITS // 2).hex()
    first, *others = (
        digits[at : at + RANDOM_DIGITS] for at in range(0, len(digits), RANDOM_DIGITS)
    )
    _drawn.extend(others)
    return first
