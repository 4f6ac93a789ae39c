from exporter.access.memory_counter import MemoryCounter

WINDOW_MS = 1000


def calls(counter: MemoryCounter, caller: str, moment: int) -> int:
    """The calls in the caller's window, with the one that is counted."""
    return counter.add(caller, moment).calls


def test_callers_are_counted_apart_and_by_window() -> None:
    counter = MemoryCounter(WINDOW_MS)
    counts = [
        calls(counter, caller, moment)
        for caller, moment in [
            ("a", 0),
            ("a", 0),
            ("b", 0),
            ("a", WINDOW_MS),
            ("a", WINDOW_MS),
            ("b", WINDOW_MS),
        ]
    ]
    assert counts == [1, 2, 1, 1, 2, 1]


def test_where_a_window_begins_follows_from_the_callers_name() -> None:
    one, two = MemoryCounter(WINDOW_MS), MemoryCounter(WINDOW_MS)
    names = [f"caller-{number}" for number in range(100)]
    ends = [one.add(name, 5 * WINDOW_MS).ends for name in names]
    assert ends == [two.add(name, 5 * WINDOW_MS).ends for name in names]
    assert len(set(ends)) > 50
    assert all(5 * WINDOW_MS < end <= 6 * WINDOW_MS for end in ends)


def test_a_window_holds_up_to_its_end_and_not_longer() -> None:
    counter = MemoryCounter(WINDOW_MS)
    first = counter.add("a", 5 * WINDOW_MS)
    assert counter.add("a", first.ends - 1) is first
    second = counter.add("a", first.ends)
    assert (second.number, second.ends) == (first.number + 1, first.ends + WINDOW_MS)
    assert (first.calls, second.calls) == (2, 1)


def test_a_clock_that_is_set_back_begins_a_window_of_that_time() -> None:
    counter = MemoryCounter(WINDOW_MS)
    later = counter.add("a", 100 * WINDOW_MS)
    earlier = counter.add("a", 50 * WINDOW_MS)
    assert later.number - earlier.number == 50
    assert earlier.calls == 1


def test_windows_that_are_over_are_dropped() -> None:
    counter = MemoryCounter(WINDOW_MS)
    for number in range(100):
        counter.add(f"old-{number}", 0)
    for number in range(100):
        counter.add(f"new-{number}", 2 * WINDOW_MS)
    assert len(counter) == 100
    assert calls(counter, "new-0", 2 * WINDOW_MS) == 2


def test_any_number_of_callers_stays_within_bounds() -> None:
    counter = MemoryCounter(WINDOW_MS, callers=100)
    for number in range(10_000):
        counter.add(f"caller-{number}", 0)
    assert len(counter) == 100
    assert calls(counter, "caller-9999", 0) == 2
    assert calls(counter, "caller-0", 0) == 1


def test_a_caller_in_a_new_window_is_not_the_oldest_any_more() -> None:
    counter = MemoryCounter(WINDOW_MS, callers=2)
    counter.add("a", 0)
    counter.add("b", 0)
    counter.add("a", WINDOW_MS)
    counter.add("c", WINDOW_MS)
    assert calls(counter, "a", WINDOW_MS) == 2
