"""How the C library keeps memory that was given back to it: little of it, and in few places.

glibc gives every thread a heap of its own, up to eight for each core, and each keeps what the
largest piece of work on that thread needed; and once a large block was given back, later ones of
its size come from those heaps as well. A service whose answers are put together on a dozen threads
so grows for many minutes, by twice what one answer takes. Elsewhere nothing is done.
"""

import ctypes
import sys
from collections.abc import Callable

HEAPS = 2
"""The event loop's, and one that all other threads share: few of them work at a time."""
LARGE_BYTES = 1024 * 1024
"""A block from this size on comes from the system, and goes back to it at once."""

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h


def bound() -> bool:
    """Bound what is kept; to be called before there are threads. Whether that could be done."""
    mallopt = _function("mallopt")
    if mallopt is None:
        return False
    bounded = mallopt(_M_ARENA_MAX, HEAPS), mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
    return bounded == (1, 1)


def trim() -> bool:
    """Give back the pages that nothing is in; it takes some 3 ms at most. Whether there were any.

    To be called in a thread: others go on meanwhile.
    """
    malloc_trim = _function("malloc_trim")
    return malloc_trim is not None and malloc_trim(0) == 1


def _function(name: str) -> Callable[..., int] | None:
    """One of glibc's own."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return getattr(library, name, None)
