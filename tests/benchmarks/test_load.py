"""What is made of wrk's output, and of rounds that belong together."""

import pytest

from benchmarks import load
from benchmarks.load import Load
from benchmarks.processes import BenchmarkError

SAID = (
    '{"requests":5000,"duration":2000000,"p50":900,"p99":4000,"max":9000,'
    '"refused":0,"broken":0,"late":0}'
)
PREAMBLE = "Running 2s test @ http://127.0.0.1:1\n  1 threads and 64 connections\n"


def one(requests: int, p99: int = 1000, cpu: float = 0.0) -> Load:
    return Load(requests, 1_000_000, 500, p99, p99, 0, 0, 0, cpu)


def test_the_last_line_of_wrk_is_what_it_measured() -> None:
    found = load.parsed(PREAMBLE + SAID + "\n")
    assert found.rate == 2500
    assert (found.p50, found.p99, found.max) == (900, 4000, 9000)


@pytest.mark.parametrize("fault", ['"refused":1', '"broken":1', '"late":1'])
def test_a_load_with_calls_that_failed_is_no_result(fault: str) -> None:
    name = fault.partition(":")[0]
    with pytest.raises(BenchmarkError, match="Calls failed"):
        load.parsed(SAID.replace(f"{name}:0", fault))


def test_a_load_without_calls_is_no_result() -> None:
    with pytest.raises(BenchmarkError, match="Calls failed"):
        load.parsed(SAID.replace('"requests":5000', '"requests":0'))


def test_anything_else_that_wrk_says_is_shown() -> None:
    with pytest.raises(BenchmarkError, match="unable to connect"):
        load.parsed("unable to connect to 127.0.0.1:1\n")


def test_a_ratio_is_the_median_of_rounds_that_belong_together() -> None:
    ours = [one(100), one(40), one(300)]  # the machine was slow in the second round
    theirs = [one(200), one(80), one(500)]
    assert load.ratio(ours, theirs) == 0.5
    assert load.ratio(ours, theirs, lambda load: load.p99) == 1
    assert load.rate(ours) == 100
    assert load.p99([one(1, 2000), one(1, 8000), one(1, 4000)]) == 4.0


def test_the_cost_of_a_call_is_the_processor_time_of_the_server() -> None:
    assert one(1000, cpu=0.1).cost == pytest.approx(100)
