"""The lock that says which process a data file belongs to, for as long as that process lives."""

import fcntl
import os
from pathlib import Path

from .base import StoreUnavailable


def lock_file(path: Path) -> int:
    """The descriptor of a lock file beside `path`, locked until it is closed.

    Raises StoreUnavailable where another process has it.
    """
    try:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreUnavailable(f"{path} is in use by another process.") from error
    return descriptor
