"""What is added in one turn of the loop is done together at the next."""

import asyncio
from contextvars import ContextVar

from exporter.turn import Turn

CALL: ContextVar[str] = ContextVar("call", default="nobody's")


async def test_a_turn_is_done_together_and_in_order() -> None:
    done: list[list[int]] = []
    turn = Turn(done.append)
    for number in range(3):
        turn.add(number)
    assert done == []
    await asyncio.sleep(0)
    assert done == [[0, 1, 2]]
    await asyncio.sleep(0)
    assert done == [[0, 1, 2]]


async def test_what_is_added_while_a_turn_is_done_waits_for_the_next() -> None:
    done: list[list[int]] = []

    def do(numbers: list[int]) -> None:
        done.append(numbers)
        if numbers[0] < 3:
            turn.add(numbers[0] + 1)

    turn = Turn(do)
    turn.add(1)
    for _ in range(4):
        await asyncio.sleep(0)
    assert done == [[1], [2], [3]]


async def test_it_belongs_to_no_call() -> None:
    seen: list[str] = []
    turn = Turn(lambda _: seen.append(CALL.get()))
    CALL.set("somebody's")
    turn.add(1)
    await asyncio.sleep(0)
    assert seen == ["nobody's"]
    assert CALL.get() == "somebody's"
