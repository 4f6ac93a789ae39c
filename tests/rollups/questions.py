"""Questions of every kind that rollups answer, and some that they do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from exporter.family import Family
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, PERFORMANCE, SALE, SYSTEM_SAMPLE
from exporter.storage.query import (
    Aggregation,
    Filter,
    Function,
    Measure,
    Operator,
    Order,
    TimeBucket,
    between,
    equals,
)

ACME = equals("tenantId", "acme")
ADA = equals("userId", "ada")
N = Measure("n")
SESSIONS = Measure("sessions", Function.DISTINCT, "sessionId")
UTM = ("metadata.utmSource", "metadata.utmMedium", "metadata.utmCampaign")


@dataclass(frozen=True)
class Asked:
    """A question without its period, and whether a rollup of the family answers it.

    time: the field that the period is of, None for the family's own time.
    """

    query: Aggregation
    covered: bool = True
    time: str | None = None

    @property
    def percentiles(self) -> list[str]:
        """The names of its percentiles."""
        measures = self.query.measures
        return [one.name for one in measures if one.function is Function.PERCENTILE]

    def during(self, start: datetime, end: datetime) -> Aggregation:
        """The question about a period."""
        period = between(self.time or self.query.family.time_field, start, end)
        return replace(self.query, where=(*self.query.where, *period))


def every(field: str, *functions: Function) -> list[Measure]:
    """The functions of a field, by default all numbers that are added up."""
    functions = functions or (Function.COUNT, Function.SUM, Function.AVG)
    return [Measure(f"{function} {field}", function, field) for function in functions]


def p(quantile: float, field: str, *where: Filter) -> Measure:
    """A percentile."""
    return Measure(f"p{quantile}", Function.PERCENTILE, field, where, quantile)


def users(*where: Filter) -> Measure:
    """How many users there are."""
    return Measure("users", Function.DISTINCT, "userId", where)


def asked(
    family: Family,
    measures: Sequence[Measure],
    *where: Filter,
    covered: bool = True,
    time: str | None = None,
    **options: Any,
) -> Asked:
    """A question about a family."""
    return Asked(Aggregation(family, measures, where, **options), covered, time)


ENDED = Filter("status", Operator.IN, ("completed", "failed"))
FAILED = equals("status", "failed")
MONEY_IN = Filter("type", Operator.IN, ("purchase", "subscription"))
OF_A_USER = Filter("userId", Operator.NE, None)

QUESTIONS: dict[str, Asked] = {
    "requests that ended, by model": asked(
        AI_REQUEST,
        [N, Measure("failed", where=(FAILED,)), *every("cost"), *every("durationMs")],
        ACME,
        ENDED,
        by=("model",),
    ),
    "tokens by day": asked(
        AI_REQUEST,
        [N, Measure("in", Function.SUM, "tokens.input", (FAILED,)), *every("tokens.output")],
        ACME,
        by=(TimeBucket("day"),),
    ),
    "cost by month of all tenants": asked(
        AI_REQUEST, every("cost"), by=("tenantId", TimeBucket("month"))
    ),
    "slow models": asked(
        AI_REQUEST,
        [N, p(0.5, "durationMs"), p(0.95, "durationMs")],
        ACME,
        by=("model",),
        order=(Order("n", descending=True),),
        limit=2,
    ),
    "routed or not": asked(AI_REQUEST, [N, *every("routedCost")], ACME, by=("routing.wasRouted",)),
    "a user's requests by hour": asked(
        AI_REQUEST,
        [N, *every("durationMs"), p(0.5, "durationMs"), p(0.9, "durationMs", FAILED)],
        ACME,
        ADA,
        by=(TimeBucket("hour"), "status"),
    ),
    "models of each plan": asked(
        AI_REQUEST,
        [N, Measure("models", Function.DISTINCT, "model"), *every("cost")],
        ACME,
        by=("userPlan",),
        order=(Order("models", descending=True),),
    ),
    "nobody's requests": asked(AI_REQUEST, [N], equals("userId", None)),
    "requests by language": asked(
        AI_REQUEST, [N, p(0.5, "durationMs")], ACME, by=("language",), covered=False
    ),
    "a user's requests by language": asked(
        AI_REQUEST, [N, *every("cost")], ACME, ADA, by=("language",), covered=False
    ),
    "events by week": asked(
        ENGAGEMENT,
        [N, users(), Measure("sessions", Function.DISTINCT, "sessionId"), *every("value")],
        ACME,
        by=(TimeBucket("week"),),
    ),
    "users by feature": asked(ENGAGEMENT, [users()], ACME, by=("feature",)),
    "who viewed, by day": asked(
        ENGAGEMENT, [N, users(equals("event", "view"))], ACME, by=(TimeBucket("day"),)
    ),
    "who clicked what": asked(ENGAGEMENT, [users(equals("event", "click"))], ACME, by=("feature",)),
    "how slowly they failed": asked(
        AI_REQUEST, [p(0.5, "durationMs", FAILED)], ACME, by=("userId",)
    ),
    "a user's events by hour": asked(
        ENGAGEMENT,
        [
            N,
            users(),
            SESSIONS,
            Measure("viewers", Function.DISTINCT, "userId", (equals("event", "view"),)),
            *every("value"),
        ],
        ACME,
        ADA,
        by=(TimeBucket("hour"),),
    ),
    "a user's sessions": asked(ENGAGEMENT, [users(), SESSIONS], ACME, ADA),
    "whether a user did anything": asked(ENGAGEMENT, [users()], ACME, ADA),
    "a user's features": asked(ENGAGEMENT, [users()], ACME, ADA, by=("feature",)),
    "campaigns that are named": asked(
        ENGAGEMENT, [N, users(), SESSIONS], ACME, by=UTM, present=UTM
    ),
    "pages with a feature": asked(
        ENGAGEMENT, [N], ACME, by=("page",), present=("feature",), covered=False
    ),
    "top pages": asked(
        ENGAGEMENT,
        [N, users()],
        ACME,
        Filter("page", Operator.NE, None),
        by=("page",),
        order=(Order("users", descending=True), Order("page", descending=True)),
        limit=2,
    ),
    "events of pages": asked(ENGAGEMENT, [N], ACME, by=("event", "page"), covered=False),
    "answers by status": asked(
        PERFORMANCE,
        [N, *every("responseTime"), *every("responseTime", Function.MIN, Function.MAX)],
        ACME,
        Filter("statusCode", Operator.GTE, 400),
        by=("statusCode",),
    ),
    "services by hour": asked(
        PERFORMANCE,
        [
            N,
            p(0.5, "responseTime"),
            *every("system.cpu.usage", Function.MIN, Function.MAX, Function.AVG),
        ],
        ACME,
        by=("service", TimeBucket("hour", name="at")),
        order=(Order("at", descending=True),),
        limit=5,
    ),
    "a user's calls": asked(
        PERFORMANCE, [N, p(0.99, "responseTime"), *every("responseTime")], ACME, ADA
    ),
    "credits by feature": asked(
        CREDIT, [N, users(), *every("creditsUsed"), *every("costUsd")], ACME, by=("featureName",)
    ),
    "a user's credits": asked(
        CREDIT, [N, users(), *every("creditsUsed")], ACME, ADA, by=("featureName",)
    ),
    "users of models": asked(
        AI_REQUEST,
        [
            users(),
            Measure("unlucky", Function.DISTINCT, "userId", (equals("status", "failed"),)),
        ],
        ACME,
        by=("model",),
    ),
    "the machine": asked(
        SYSTEM_SAMPLE, every("cpuUsage", Function.AVG, Function.MAX), by=("service",)
    ),
    "a user's sales": asked(SALE, [N, *every("amount")], ACME, ADA, by=("type",), covered=False),
    "what became of sales": asked(
        SALE, [N, users(), Measure("failed", where=(FAILED,))], ACME, by=(TimeBucket("day"), "type")
    ),
    "how a user paid": asked(SALE, [N], ACME, ADA, by=("paymentMethod", "status")),
    "money that came in": asked(
        SALE, [N, *every("revenue")], ACME, MONEY_IN, by=("plan", "currency"), time="completedAt"
    ),
    "money by month": asked(
        SALE,
        [N, *every("revenue")],
        ACME,
        MONEY_IN,
        by=(TimeBucket("month", "completedAt"), "currency"),
        time="completedAt",
    ),
    "money by the time of the order": asked(
        SALE, [N], ACME, by=(TimeBucket("day"),), time="completedAt", covered=False
    ),
    "money that went back": asked(
        SALE, [N, *every("refunds")], ACME, by=("currency", "plan"), time="refundedAt"
    ),
    "customers": asked(
        SALE,
        [N, users(), *every("revenue"), *every("completedAt", Function.MIN, Function.MAX)],
        ACME,
        OF_A_USER,
        MONEY_IN,
        by=("currency",),
        time="completedAt",
    ),
    "customers and everybody else": asked(
        SALE, [N, users()], ACME, by=("currency",), time="completedAt"
    ),
    "what customers got back": asked(
        SALE,
        every("refunds"),
        ACME,
        OF_A_USER,
        by=("currency",),
        time="refundedAt",
    ),
    "what a user paid": asked(
        SALE,
        [N, users(), *every("revenue"), *every("completedAt", Function.MIN)],
        ACME,
        ADA,
        OF_A_USER,
        by=("currency", TimeBucket("day", "completedAt")),
        time="completedAt",
    ),
    "what a user got back": asked(
        SALE, every("refunds"), ACME, ADA, by=("plan",), time="refundedAt"
    ),
}
"""By what they are about."""
