"""Identifiers: one of each, in the order of their making, also across threads and forks."""

import multiprocessing
import re
from concurrent.futures import ThreadPoolExecutor

from exporter.ids import DRAWN, new_id

MANY = 3 * DRAWN


def several(number: int) -> list[str]:
    """So many identifiers."""
    return [new_id() for _ in range(number)]


def test_no_identifier_is_made_twice() -> None:
    made = several(MANY)
    assert len(set(made)) == MANY
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in made)


def test_identifiers_come_in_the_order_of_their_milliseconds() -> None:
    times = [one[:12] for one in several(MANY)]
    assert times == sorted(times)


def test_threads_do_not_get_the_same_identifiers() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [one for part in threads.map(several, [MANY] * 8) for one in part]
    assert len({one[12:] for one in made}) == 8 * MANY


def test_a_forked_process_does_not_repeat_those_of_its_parent() -> None:
    new_id()  # more than this one were drawn
    with multiprocessing.get_context("fork").Pool(2) as children:
        apart = children.map(several, [DRAWN] * 4, chunksize=1)
    made = [*several(DRAWN), *(one for part in apart for one in part)]
    assert len({one[12:] for one in made}) == 5 * DRAWN
