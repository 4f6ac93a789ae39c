from exporter.outage import Outage

from .outside import Logged, Time


def test_what_works_is_always_tried(time: Time, logged: Logged) -> None:
    outage = Outage("redis", 5.0, time.monotonic)
    assert outage.attempt()
    outage.succeeded()
    assert outage.attempt()
    assert logged.events() == []


def test_while_it_is_away_one_caller_a_pause_tries_it(time: Time) -> None:
    outage = Outage("redis", 5.0, time.monotonic)
    outage.failed("ConnectionError")
    assert not outage.attempt()
    time.advance(5)
    assert [outage.attempt(), outage.attempt()] == [True, False]
    time.advance(5)
    assert outage.attempt()


def test_it_is_logged_when_it_goes_and_when_it_comes_back(time: Time, logged: Logged) -> None:
    outage = Outage("redis", 5.0, time.monotonic)
    outage.failed("ConnectionError")
    outage.failed("TimeoutError")
    outage.succeeded()
    outage.succeeded()
    assert logged.events() == ["service_away", "service_back"]
    assert logged.entries[0]["cause"] == "ConnectionError"
    assert outage.attempt()
