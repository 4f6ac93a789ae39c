"""The real servers that tests run against, and what happens where one is not installed."""

import os
import shutil

import pytest


def require(binary: str, install: str) -> str:
    """The path of `binary`; without it the test is skipped, saying how to `install` it.

    With METERHOUSE_REQUIRE_SERVICES=1, as in CI, it fails instead: there a skip would go unseen.
    """
    path = shutil.which(binary)
    if path is not None:
        return path
    missing = f"{binary} is not installed: {install}"
    if os.environ.get("METERHOUSE_REQUIRE_SERVICES") == "1":
        pytest.fail(missing)
    pytest.skip(missing)
