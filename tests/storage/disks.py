"""Disks that fail."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def no_more_bytes() -> Iterator[None]:
    """Every write to a file fails, as on a broken disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """The disk that holds the folder is full."""
    ballast = folder / "ballast"
    while shutil.disk_usage(folder).free:
        with ballast.open("ab") as file:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()
