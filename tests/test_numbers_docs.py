"""The page of numbers: all of them, each with its meaning, each rate with its denominator."""

from typing import Annotated, Any

import pytest
from msgspec import Meta

from exporter.analytics.answer import Answer
from exporter.analytics.engagement import EngagementStats, EngagementSummary
from exporter.analytics.rankings import RANKINGS
from exporter.analytics.slices import Slice
from exporter.numbers_docs import answers, numbers, render
from exporter.web.route import Access, Route
from exporter.web.routes import DECLARED

ANSWERS = answers(DECLARED)
EVERY = [(answer, number) for answer in ANSWERS for number in numbers(answer)]
BY_NAME = {f"{answer.__name__}.{number.name}": number for answer, number in EVERY}
DIVIDED = ("rate", "share", "avg", "average", "stickiness", "retention", "conversion", "growth")
NO_QUOTIENTS = {"rates"}  # of exchange

DEFINED = {
    "DAU, WAU, MAU": ["UserNumbers.dau", "UserNumbers.wau", "UserNumbers.mau"],
    "stickiness": ["UserNumbers.stickiness"],
    "total users": ["UserNumbers.totalUsers"],
    "active users": ["UserNumbers.activeUsers", "UserNumbers.activeUserRate"],
    "new users": ["UserNumbers.newUsers", "UserNumbers.returningUsers"],
    "churned users": ["UserNumbers.churnedUsers", "UserNumbers.churnRate"],
    "retention": ["Retained.rate"],
    "engagement score": ["EngagementScore.score"],
    "conversion rate": ["Conversion.conversionRate"],
    "session": ["SessionStats.avgLength", "SessionStats.bounceRate"],
    "revenue": ["CurrencyTotals.revenue", "CurrencyEarnings.totalRevenue"],
    "refunds": ["CurrencyTotals.refunds"],
    "net revenue": ["CurrencyTotals.netRevenue", "CurrencyEarnings.netRevenue"],
    "MRR": ["Recurring.mrr", "CurrencyEarnings.mrr", "SalesBreakdown.monthlyRecurringRevenue"],
    "ARR": ["Recurring.arr", "CurrencyEarnings.arr"],
    "MRR movement": [
        f"MrrMovement.{name}"
        for name in ("new", "reactivated", "expansion", "contraction", "churned")
    ],
    "net revenue retention": ["Recurring.netRevenueRetention"],
    "customer churn": ["Recurring.customerChurnRate"],
    "ARPU, ARPPU": [
        "CurrencyEarnings.averageRevenuePerUser",
        "CurrencyEarnings.averageRevenuePerPayingUser",
    ],
    "revenue growth": ["CurrencyEarnings.revenueGrowth"],
    "customer lifetime value": ["LifetimeValue.spent", "LifetimeValue.predicted"],
    "success rate": ["AiStats.successRate", "SalesStats.successRate"],
    "average transaction value": ["CurrencyTotals.avgTransactionValue"],
    "AI cost": ["AiStats.totalCost"],
    "router savings": ["RouterSavings.savings"],
    "error rate": ["PerformanceStats.errorRate", "PerformanceStats.serverErrorRate"],
    "percentiles": ["AiStats.p95Duration", "PerformanceStats.p99ResponseTime"],
}
"""Where each number that the contract defines is found."""


@pytest.mark.parametrize("name", BY_NAME)
def test_every_number_says_what_it_means(name: str) -> None:
    assert BY_NAME[name].meaning


def test_every_rate_and_mean_names_what_it_is_divided_by() -> None:
    divided = {
        name
        for name, number in BY_NAME.items()
        if any(word in number.name.lower() for word in DIVIDED) and number.name not in NO_QUOTIENTS
    }
    assert len(divided) > 40
    assert {name for name in divided if " / " not in BY_NAME[name].meaning} == set()


@pytest.mark.parametrize("number", DEFINED)
def test_every_defined_number_is_answered(number: str) -> None:
    assert set(DEFINED[number]) <= BY_NAME.keys()


def test_every_number_is_on_the_page_in_the_table_of_its_answer() -> None:
    page = render()
    tables = {part.partition("\n")[0]: part for part in page.split("\n### ")[1:]}
    assert tables.keys() == {answer.__name__ for answer, _ in EVERY}
    for answer, number in EVERY:
        assert f"| `{number.name}` | {number.meaning} |" in tables[answer.__name__]


def test_every_reading_call_is_on_the_page() -> None:
    page = render()
    for route in DECLARED:
        if route.access in (Access.READER, Access.ADMIN):
            assert f"`{route.method} {route.path}`" in page


def test_what_a_ranking_may_hold_is_on_the_page() -> None:
    assert {ranking.item for ranking in RANKINGS.values()} <= ANSWERS.keys()


class Part(Answer, frozen=True):
    """A part of an answer."""

    half: Annotated[float, Meta(description="A half.")]


class Whole(Answer, frozen=True):
    """An answer with numbers of every kind."""

    plain: int
    text: str
    flag: bool
    optional: Annotated[float | None, Meta(description="Maybe.")]
    named: Annotated[dict[str, float], Meta(description="Some.")]
    parts: list[Part]


def test_numbers_are_an_answers_own() -> None:
    found = [(number.name, number.meaning) for number in numbers(Whole)]
    assert found == [("plain", ""), ("optional", "Maybe."), ("named", "Some.")]


def test_answers_are_found_wherever_they_are() -> None:
    async def handle(_: Any) -> None:
        """Answers nothing."""

    route = Route(
        method="GET",
        path="/x",
        summary="X.",
        tag="X",
        handle=handle,
        answers={200: dict[str, list[EngagementSummary]]},
    )
    assert answers([route]) == {
        answer: ["GET /x"] for answer in (EngagementSummary, EngagementStats, Slice)
    }
