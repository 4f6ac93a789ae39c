"""What it costs and what it earns in the range, and who comes."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Numbers
from .asked import ASK

CURRENCY = ("currency",)
NOTHING = "None yet"

MONEY = Topic(
    "What does it cost, what does it earn, and who comes?",
    (
        Numbers(
            "AI cost",
            "What the AI requests that ended in the range cost, in US dollars.",
            "currencyUSD",
            {"cost": ASK.or_zero(ASK.growth(c.AI_REQUEST_COST))},
            leads_to="meterhouse-ai",
        ),
        Numbers(
            "Revenue",
            "Completed money in, in the range, each currency for itself.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REVENUE, by=CURRENCY)},
            width=5,
            nothing=NOTHING,
            leads_to="meterhouse-sales",
        ),
        Numbers(
            "Refunds",
            "Money given back in the range, each currency for itself.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REFUNDS, by=CURRENCY)},
            width=5,
            nothing=NOTHING,
            leads_to="meterhouse-sales",
        ),
        Numbers(
            "MRR",
            "Monthly recurring revenue now, each currency for itself.",
            "short",
            {"{{currency}}": ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=CURRENCY)},
            width=5,
            nothing=NOTHING,
            leads_to="meterhouse-sales",
        ),
        Numbers(
            "Active now",
            "Distinct users with an event in the last 5 minutes.",
            "short",
            {"users": ASK.or_zero(ASK.stored(c.ACTIVE_USERS_CURRENT))},
            leads_to="meterhouse-engagement",
        ),
        Numbers(
            "DAU",
            "Distinct users with an event in the last 24 hours.",
            "short",
            {"users": ASK.stored(c.ACTIVE_USERS, 'window="1d"')},
            leads_to="meterhouse-engagement",
        ),
    ),
)
