"""The model of docs/scale.md."""

from benchmarks import model
from benchmarks.case import Bench, Case, Result
from benchmarks.machine import Origin
from benchmarks.report import Kept

ORIGIN = Origin("2026-01-31 08:15 UTC", "abc1234", "A machine", "Python 3.11")


def measured(bench: Bench) -> Result:
    raise NotImplementedError


def results(costs: dict[str, float]) -> list[tuple[Case, Kept]]:
    case = Case("some", "Some", measured)
    return [(case, Kept("some", ORIGIN, Result((), costs=costs)))]


def line(text: str, beginning: str) -> list[str]:
    (found,) = (one for one in text.splitlines() if one.startswith(f"| {beginning}"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_what_a_replica_takes_follows_from_what_an_event_costs() -> None:
    text = model.section(results({"full_us": 100.0, "redis_more_us": 40.0, "redis_us": 7.0}))
    assert line(text, "CPU: single events")[2:4] == ["7,000", "50,000"]
    assert line(text, "Redis: calls")[3] == "100,000"


def test_what_was_not_measured_is_said_to_be_so() -> None:
    text = model.section(results({"full_us": 100.0}))
    assert line(text, "CPU: events in batches")[2:4] == ["not measured", "not measured"]
    assert "one event in a batch of 500" not in text


def test_the_model_is_held_against_measured_points() -> None:
    costs = {"full_us": 100.0, "full_rate": 9_500.0, "half_rate": 5_000.0, "half_cpu": 0.62}
    costs |= {"alone_us": 180.0, "alone_seconds": 0.0006}  # four events share a commit
    text = model.section(results(costs))
    assert line(text, "full load on one core")[2:] == ["10,000", "9,500"]
    assert line(text, "processor at half load")[2:] == ["60", "62"]


def test_numbers_of_the_model_have_two_digits() -> None:
    assert [model.rounded(one) for one in (0.1234, 9.87, 12.9, 12345.0)] == [
        "0.12",
        "9.9",
        "13",
        "12,000",
    ]
