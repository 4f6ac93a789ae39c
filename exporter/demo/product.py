"""The pretended product: its models, plans, services and people, as tables of likelihoods.

Every number here is made up, of the order that such products see. A table's `share` columns are
relative to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Choice(Generic[Row]):
    """Draws rows of a table by their shares."""

    def __init__(self, rows: Sequence[Row], shares: Sequence[float]) -> None:
        self._rows = rows
        self._up_to = list(accumulate(shares))

    def draw(self, random: Random) -> Row:
        """One row; the same `random` in the same state draws the same."""
        return random.choices(self._rows, cum_weights=self._up_to)[0]


@dataclass(frozen=True)
class Model:
    """An AI model: prices in US dollars for a million tokens, speed in tokens a second."""

    name: str
    provider: str
    share: float
    input_price: float
    output_price: float
    speed: float

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for so many tokens."""
        return (tokens_in * self.input_price + tokens_out * self.output_price) / 1e6


@dataclass(frozen=True)
class Feature:
    """A use of AI in the product, with its median tokens and something one might ask."""

    name: str
    share: float
    tokens_in: int
    tokens_out: int
    complexity: str
    prompt: str


@dataclass(frozen=True)
class Plan:
    """A paid plan: its price a month, and how much more than free users its people do."""

    name: str
    share: float
    price: int
    activity: float


@dataclass(frozen=True)
class Endpoint:
    """A call that the product's services answer; `path` has a place for an id, median in ms."""

    service: str
    method: str
    path: str
    share: float
    median: float


@dataclass(frozen=True)
class Country:
    """Where people live: currency of their payments, language of their prompts."""

    code: str
    share: float
    city: str
    currency: str
    language: str


@dataclass(frozen=True)
class Device:
    """What people use: the user agent that their events are posted with."""

    share: float
    screen: str
    user_agent: str


MODELS = (
    Model("gpt-4o-mini", "openai", 34, 0.15, 0.60, 95),
    Model("gpt-4o", "openai", 20, 2.50, 10.00, 75),
    Model("claude-3-5-sonnet-latest", "anthropic", 20, 3.00, 15.00, 65),
    Model("claude-3-5-haiku-latest", "anthropic", 10, 0.80, 4.00, 90),
    Model("gemini-1.5-flash", "google", 11, 0.075, 0.30, 140),
    Model("in-house-8b", "self-hosted", 5, 0.02, 0.05, 50),
)
BASELINE = MODELS[1]
"""The model that the product's router compares its choice with."""

FEATURES = (
    Feature("chat", 45, 600, 350, "simple", "How do I invite a colleague to my workspace?"),
    Feature("summarize", 18, 4200, 260, "medium", "Summarize the meeting notes in five points."),
    Feature("code", 15, 1800, 900, "complex", "Write a query that finds customers who left."),
    Feature("translate", 12, 700, 720, "simple", "Translate this product page into Spanish."),
    Feature("extract", 10, 2600, 180, "medium", "List the totals and due dates of this invoice."),
)
PAID_PLANS = (
    Plan("pro", 70, 20, 3.0),
    Plan("team", 24, 49, 4.5),
    Plan("enterprise", 6, 199, 8.0),
)
ENDPOINTS = (
    Endpoint("gateway", "GET", "/api/workspaces/{id}", 30, 18),
    Endpoint("gateway", "GET", "/api/documents/{id}", 22, 25),
    Endpoint("gateway", "POST", "/api/documents", 8, 60),
    Endpoint("chat", "POST", "/api/conversations/{id}/messages", 24, 140),
    Endpoint("search", "GET", "/api/search", 10, 90),
    Endpoint("billing", "GET", "/api/invoices/{id}", 4, 45),
    Endpoint("billing", "PUT", "/api/subscriptions/{id}", 2, 210),
)
COUNTRIES = (
    Country("US", 42, "Chicago", "USD", "en"),
    Country("GB", 12, "Leeds", "GBP", "en"),
    Country("DE", 14, "Bremen", "EUR", "de"),
    Country("FR", 10, "Lyon", "EUR", "fr"),
    Country("ES", 8, "Sevilla", "EUR", "es"),
    Country("IN", 14, "Pune", "USD", "en"),
)
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
DEVICES = (
    Device(
        38,
        "1920x1080",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
    ),
    Device(
        20,
        "1728x1117",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    ),
    Device(
        10,
        "2560x1440",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    ),
    Device(
        18,
        "390x844",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) "
        "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    ),
    Device(
        14,
        "412x915",
        f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36",
    ),
)
CAMPAIGNS = (
    {"utmSource": "google", "utmMedium": "cpc", "utmCampaign": "autumn"},
    {"utmSource": "newsletter", "utmMedium": "email", "utmCampaign": "launch"},
    {"utmSource": "x", "utmMedium": "social"},
)
PAGES = ("/home", "/documents", "/conversations", "/templates", "/settings", "/help")
SEARCHES = ("invoice template", "export", "team members", "api key", "delete account", "pricing")
PAYMENT_METHODS = ("card", "paypal", "sepa_debit", "apple_pay")
FAILURES = (
    ("rate_limited", "The provider had too many requests."),
    ("timeout", "The provider did not answer in time."),
    ("content_filter", "The provider refused the prompt."),
)
REFUND_REASONS = ("requested_by_customer", "duplicate", "service_outage")

HOURS = (3, 2, 2, 2, 3, 5, 8, 14, 22, 28, 30, 29, 26, 28, 31, 30, 27, 23, 18, 15, 13, 10, 7, 5)
"""How busy each hour of the UTC day is."""
WEEKDAYS = (1.08, 1.16, 1.18, 1.14, 1.02, 0.72, 0.70)
"""How busy each day is, from Monday on; 1 is the mean."""

ACTIVITIES = {"ask": 45, "read": 44, "search": 10, "buy": 1}
"""What people do in a session, by their shares; sessions.py has a method for each."""
ACTIVITIES_MEAN = 2.5
ACTIVITIES_MOST = 12

# Shares of the people, requests, calls or payments of which it is true.
CAMPAIGN = 0.3
PAYS_EVER = 0.2
PAYS_YEARLY = 0.15
STARTS_WITH_TRIAL = 0.35
UPGRADES = 0.08
LOOKS_AROUND_ONLY = 0.4
LOGS_OUT = 0.4
ASKS_AGAIN = 0.45
PAGE_CALLS_SERVICE = 0.6
REQUEST_CALLS_SERVICE = 0.4
REQUEST_FAILS = 0.035
REQUEST_IS_CANCELLED = 0.015
REQUEST_IS_ROUTED = 0.3
REQUEST_COST_IS_TOLD = 0.7
"""The cost of the others is left to the service's price list."""
REQUEST_IS_RATED = 0.06
REQUEST_USES_CREDITS = 0.25
CALL_FAILS = 0.003
CALL_IS_REFUSED = 0.017
CALL_TELLS_OF_MACHINE = 0.1
PAYMENT_FAILS_FIRST = 0.06
PAYMENT_IS_REFUNDED = 0.02
INCIDENT = 0.15
"""Of the days: on these, one of the services has a bad hour."""
INCIDENT_FAILS = 0.25
"""Of that service's calls in that hour."""

KIND_SHARES = {
    "ai_request": 0.26,
    "engagement": 0.455,
    "performance": 0.215,
    "credit": 0.06,
    "sale": 0.01,
}
"""About how many of all events are of a kind; sessions.py is what makes it so."""

MODEL = Choice(MODELS, [row.share for row in MODELS])
FEATURE = Choice(FEATURES, [row.share for row in FEATURES])
PAID_PLAN = Choice(PAID_PLANS, [row.share for row in PAID_PLANS])
ENDPOINT = Choice(ENDPOINTS, [row.share for row in ENDPOINTS])
COUNTRY = Choice(COUNTRIES, [row.share for row in COUNTRIES])
DEVICE = Choice(DEVICES, [row.share for row in DEVICES])
ACTIVITY = Choice(tuple(ACTIVITIES), tuple(ACTIVITIES.values()))
HOUR = Choice(range(24), HOURS)
