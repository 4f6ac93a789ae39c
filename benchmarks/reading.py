"""Every reading call of the contract, and how long each takes on a year's quarter of events.

The calls come from the routes themselves: one that is added is measured, and one that cannot be
asked without parameters stops the benchmark until PARAMETERS has some for it.
"""

import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median
from time import perf_counter
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from exporter.access.principal import Role
from exporter.web.period import PeriodQuery
from exporter.web.route import Access, Route
from exporter.web.routes import all_routes

from .processes import BenchmarkError
from .service import token

FORBIDDEN = 403
OK = 200
USER = "{userId}"
"""The one part of a path that is filled in: with the user who asks or is asked for."""
ANSWER_SECONDS = 120.0

Query = Mapping[str, str]

PERIODS: tuple[Query, ...] = ({}, {"period": "90d"})
"""What each call that takes a period is asked for: the last 30 days, and 90."""

PARAMETERS: Mapping[str, tuple[Query, ...]] = {
    "/api/analytics/engagement/funnel": (
        {"steps": "signup,feature_used,pricing_view,checkout_started", "window": "30d"},
    ),
    "/api/metrics/summary": tuple({"groupBy": by} for by in ("hour", "day", "week", "month")),
    "/api/metrics/top-metrics": tuple(
        {"metric": metric} for metric in ("ai-models", "features", "endpoints", "users", "revenue")
    ),
    "/api/metrics/comparison": tuple(
        {"metric": metric} for metric in ("ai-requests", "engagement", "sales", "performance")
    ),
    "/api/analytics/retention": tuple(
        {"interval": by, "periods": "12"} for by in ("day", "week", "month")
    ),
    "/api/analytics/users/{userId}/engagement-score": ({"days": "30"}, {"days": "90"}),
    # Deep, and yet a page that is full in the smaller database too.
    "/api/ai-tracking/history": ({}, {"page": "11", "limit": "100"}),
}
"""What a call is asked with beside its period; once with each."""

NOT_ASKED: Mapping[str, str] = {
    "/api/alerts/{alertId}": "one record by its key, and the databases have no alert",
    "/api/incidents/{incidentId}": "one record by its key, and the databases have no incident",
}
"""Reading calls that are not measured, and why."""


@dataclass(frozen=True)
class Question:
    """One thing that is asked for, by an admin or by a user."""

    path: str
    query: Query
    role: Role

    @property
    def name(self) -> str:
        """How it stands in a table."""
        return f"{self.path}{'?' if self.query else ''}{urlencode(self.query, safe=',')}"


@dataclass(frozen=True)
class Timing:
    """How long the answers to one question took, in ms."""

    question: Question
    times: Sequence[float]

    @property
    def median(self) -> float:
        """Half took no longer."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """Nineteen in twenty took no longer."""
        return sorted(self.times)[int(len(self.times) * 0.95)]


def questions(routes: Sequence[Route]) -> list[Question]:
    """Every reading call, for every role that may ask it; BenchmarkError for one that cannot be."""
    found = []
    for route in routes:
        reads = route.method == "GET" and route.access in (Access.READER, Access.ADMIN)
        if not reads or route.path in NOT_ASKED:
            continue
        if route.path.replace(USER, "").count("{"):
            raise BenchmarkError(f"{route.path} has parts that nobody filled in")
        roles = [Role.ADMIN] if route.access is Access.ADMIN else [Role.ADMIN, Role.USER]
        for query, role in product(_queries(route), roles):
            found.append(Question(route.path, query, role))
    return found


def _queries(route: Route) -> Iterator[Query]:
    more = PARAMETERS.get(route.path, ({},))
    for field in msgspec.structs.fields(route.query):
        if field.required and not all(field.encode_name in query for query in more):
            raise BenchmarkError(f"{route.path} needs {field.encode_name}: add it to PARAMETERS")
    periods = PERIODS if issubclass(route.query, PeriodQuery) else ({},)
    for query, period in product(more, periods):
        yield {**query, **period}


class Analyst:
    """Somebody who asks a service, one question after the other on one connection each role."""

    def __init__(self, url: str, user: str) -> None:
        self._user = user
        self._headers = {
            role: {"Authorization": f"Bearer {token(name, role.value)}"}
            for role, name in ((Role.ADMIN, "analyst"), (Role.USER, user))
        }
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_SECONDS)

    @classmethod
    def busiest(cls, url: str) -> "Analyst":
        """One whose user has the most activity, and so the slowest numbers of their own."""
        anybody = cls(url, "nobody")
        user = anybody.busiest_user()
        anybody.close()
        return cls(url, user)

    def ask(self, question: Question) -> float | None:
        """The time to the whole answer in ms, None where the role may not ask this.

        Raises BenchmarkError for an answer that is an error.
        """
        path = question.path.replace(USER, quote(self._user))
        target = f"{path}?{urlencode(question.query)}"
        began = perf_counter()
        self._connection.request("GET", target, headers=self._headers[question.role])
        answer = self._connection.getresponse()
        body = answer.read()
        took = (perf_counter() - began) * 1000
        if answer.status == FORBIDDEN and question.role is Role.USER:
            return None
        if answer.status != OK:
            raise BenchmarkError(f"{question.name}: {answer.status} {body[:300]!r}")
        return took

    def busiest_user(self) -> str:
        """The user with the most activity, whose own numbers are the slowest to get."""
        self._connection.request(
            "GET",
            "/api/metrics/top-metrics?metric=users&limit=1&period=90d",
            headers=self._headers[Role.ADMIN],
        )
        answer = msgspec.json.decode(self._connection.getresponse().read())
        return str(answer["items"][0]["userId"])

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def timings(analysts: Sequence[Analyst], runs: int) -> list[list[Timing]]:
    """For each analyst every question that may be asked, `runs` times.

    The first answer to each does not count. All questions go to one analyst after the other, so
    that a machine that changes its pace does so for all of them; not each question, since what one
    service leaves in the processor's caches is nothing to the other.
    """
    asked = [
        question
        for question in questions(all_routes())
        if None not in [analyst.ask(question) for analyst in analysts]
    ]
    times: list[list[list[float]]] = [[[] for _ in asked] for _ in analysts]
    for _ in range(runs):
        for analyst, taken in zip(analysts, times, strict=True):
            for at, question in enumerate(asked):
                taken[at].append(analyst.ask(question) or 0.0)
    return [[Timing(*one) for one in zip(asked, taken, strict=True)] for taken in times]
