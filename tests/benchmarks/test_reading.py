"""Which reading calls are measured."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from benchmarks import reading
from benchmarks.processes import BenchmarkError
from exporter.access.principal import Role
from exporter.web.period import PeriodQuery
from exporter.web.route import Access, Call, Route
from exporter.web.routes import all_routes

READING = [
    route
    for route in all_routes()
    if route.method == "GET" and route.access in (Access.READER, Access.ADMIN)
]


async def answer(call: Call[Any]) -> None:
    raise NotImplementedError


class Needy(msgspec.Struct, rename="camel"):
    """A query that cannot be left out."""

    favourite_colour: str


ROUTE = Route(
    method="GET", path="/new", summary="New.", handle=answer, tag="", access=Access.READER
)


def test_every_reading_route_is_asked() -> None:
    asked = {question.path for question in reading.questions(all_routes())}
    assert asked | reading.NOT_ASKED.keys() == {route.path for route in READING}
    assert asked.isdisjoint(reading.NOT_ASKED)
    assert reading.PARAMETERS.keys() <= asked


def test_what_a_user_may_ask_is_asked_as_both_and_the_rest_as_an_admin() -> None:
    asked = reading.questions(all_routes())
    for route in READING:
        if route.path in reading.NOT_ASKED:
            continue
        roles = {question.role for question in asked if question.path == route.path}
        both = {Role.ADMIN, Role.USER}
        assert roles == ({Role.ADMIN} if route.access is Access.ADMIN else both)


def test_a_call_with_a_period_is_asked_for_the_last_30_days_and_for_90() -> None:
    route = replace(ROUTE, query=PeriodQuery)
    found = [question.query for question in reading.questions([route])]
    assert found == [{}, {}, {"period": "90d"}, {"period": "90d"}]


def test_a_call_that_needs_a_parameter_nobody_gave_stops_the_benchmark() -> None:
    with pytest.raises(BenchmarkError, match="/new needs favouriteColour"):
        reading.questions([replace(ROUTE, query=Needy)])


def test_a_call_whose_path_has_parts_that_nobody_filled_in_stops_the_benchmark() -> None:
    with pytest.raises(BenchmarkError, match=r"/new/\{colour\} has parts"):
        reading.questions([replace(ROUTE, path="/new/{colour}")])


def test_the_name_of_a_question_is_the_call() -> None:
    question = reading.Question("/api/x", {"steps": "a,b"}, Role.ADMIN)
    assert question.name == "/api/x?steps=a,b"
    assert reading.Question("/api/x", {}, Role.USER).name == "/api/x"


def test_the_95th_percentile_of_a_few_runs_is_one_of_them() -> None:
    question = reading.Question("/api/x", {}, Role.ADMIN)
    timing = reading.Timing(question, [float(number) for number in range(20, 0, -1)])
    assert (timing.median, timing.p95) == (10.5, 20.0)
