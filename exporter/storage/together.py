"""Asking a store several things for one answer: in turn where it is embedded, at once elsewhere.

An embedded store works in this process. Its threads and the event loop take turns with one
interpreter, which they hand over with every row: what is asked at once takes up to a tenth more
processor time, most on one core, and all of it is in memory at once. A server works meanwhile, and
what costs is the way there.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, overload

from .base import Store

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Asked = Coroutine[Any, Any, A]


@overload
async def together(store: Store, a: Asked[A], b: Asked[B], /) -> tuple[A, B]: ...
@overload
async def together(store: Store, a: Asked[A], b: Asked[B], c: Asked[C], /) -> tuple[A, B, C]: ...
@overload
async def together(
    store: Store, a: Asked[A], b: Asked[B], c: Asked[C], d: Asked[D], /
) -> tuple[A, B, C, D]: ...
@overload
async def together(
    store: Store, a: Asked[A], b: Asked[B], c: Asked[C], d: Asked[D], e: Asked[E], /
) -> tuple[A, B, C, D, E]: ...
@overload
async def together(store: Store, *asked: Asked[A]) -> tuple[A, ...]: ...
async def together(store: Store, *asked: Asked[Any]) -> tuple[Any, ...]:
    """The answers of all, in their order; none of them once one has failed, which raises."""
    if store.remote:
        return tuple(await asyncio.gather(*asked))
    try:
        return tuple([await one for one in asked])
    finally:
        for one in asked:
            one.close()
