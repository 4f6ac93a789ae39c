"""The real servers that tests run against, and what happens where one is not installed."""

import os
import shutil
from typing import NoReturn

import pytest


def require(binary: str, install: str) -> str:
    """The path of `binary`; without it the test is skipped, saying how to `install` it.

    With METERHOUSE_REQUIRE_SERVICES=1, as in CI, it fails instead: there a skip would go unseen.
    """
    path = shutil.which(binary)
    return path or absent(f"{binary} is not installed: {install}")


def absent(what: str) -> NoReturn:
    """Skip the test, or fail it, for `what` it lacks: see `require`."""
    if os.environ.get("METERHOUSE_REQUIRE_SERVICES") == "1":
        pytest.fail(what)
    pytest.skip(what)
