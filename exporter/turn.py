"""What is gathered in one turn of the event loop, and done together at the next.

Under load a turn has some twenty or thirty calls. Whatever one of them does in passing finds that
its code and its data have left the processor's caches since the last call did the same, and takes
several times as long as when it is done for all of them in a row (docs/adr/0015).
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")


class Turn(Generic[T]):
    """Gathers what is added, and gives it to `do`, in order, before anything else can be added.

    `do` belongs to none of those who add, and so must not raise: there is nobody to tell.
    """

    def __init__(self, do: Callable[[list[T]], None]) -> None:
        self._do = do
        self._gathered: list[T] = []
        self._nobodys = Context()

    def add(self, one: T) -> None:
        """Have `one` done at the loop's next turn. To be called where a loop runs."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._run, context=self._nobodys)
        self._gathered.append(one)

    def _run(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._do(gathered)
