"""What was made of packed pieces, remembered by what is in them.

Closed buckets hardly ever change, and a question about them is asked again with every look at a
dashboard. What was made of some pieces is known by the hashes of all of them: another piece makes
something else, so that nothing has to be forgotten when a bucket is made anew. A few bytes of each
would not do: the sets of two labels of a bucket may differ by very little.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Remembered(Generic[Made]):
    """So many things at most, of which those go first that were not asked for the longest.

    Nobody may change what is remembered. It may be asked for in several threads.

    size: how large something is; what is larger than `largest` is made each time.
    """

    def __init__(
        self, most: int, largest: int = 1, size: Callable[[Made], int] = lambda made: 1
    ) -> None:
        self._most = most
        self._largest = largest
        self._size = size
        self._known: OrderedDict[tuple[int, ...], Made] = OrderedDict()
        self._turn = Lock()

    def of(self, packed: Iterable[bytes], make: Callable[[], Made]) -> Made:
        """What was made of some pieces, in whatever order; `make` does it where it is not known."""
        key = tuple(sorted(map(hash, packed)))
        with self._turn:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = make()
        if self._size(made) > self._largest:
            return made
        with self._turn:
            self._known[key] = made
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return made
