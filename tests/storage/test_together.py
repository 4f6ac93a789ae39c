"""Several questions for one answer."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.storage.together import together


class Errand:
    """Questions that tell when they begin and end."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def ask(self, name: str, error: Exception | None = None) -> str:
        """Its name, after others had a turn."""
        self.seen.append(f"{name} begins")
        await asyncio.sleep(0)
        if error is not None:
            raise error
        self.seen.append(f"{name} ends")
        return name


def store_that_is(*, remote: bool) -> Any:
    """A store, of which nothing is asked here."""
    return SimpleNamespace(remote=remote)


async def test_of_an_embedded_store_one_is_asked_after_the_other() -> None:
    errand = Errand()
    asked = together(store_that_is(remote=False), errand.ask("a"), errand.ask("b"))
    assert await asked == ("a", "b")
    assert errand.seen == ["a begins", "a ends", "b begins", "b ends"]


async def test_of_a_server_all_are_asked_at_once() -> None:
    errand = Errand()
    asked = together(store_that_is(remote=True), errand.ask("a"), errand.ask("b"))
    assert await asked == ("a", "b")
    assert errand.seen == ["a begins", "b begins", "a ends", "b ends"]


async def test_after_a_failure_nothing_more_is_asked() -> None:
    errand = Errand()
    store = store_that_is(remote=False)
    failing = errand.ask("b", ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await together(store, errand.ask("a"), failing, errand.ask("c"))
    assert errand.seen == ["a begins", "a ends", "b begins"]
