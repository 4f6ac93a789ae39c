"""The people who use the pretended product: when they come, what they pay, when they leave.

Everything about a person follows from the seed and the UTC day on which they joined, and from
nothing else. So two runs that look at overlapping times see the same people do the same things,
which is what makes a second backfill consist of duplicates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import accumulate
from random import Random

from . import product
from .product import Country, Device, Plan

LONGEST_STAY = 180
"""Days; nobody who joined longer ago is still there, so the past need not be looked at further."""
MEAN_STAY = 50.7
"""Days that a person stays in the mean, with the likelihoods of `_stay`."""

FREE = "free"
_TRIAL_DAYS = 14
_MONTH_DAYS = 30
"""What renews does so every 30 days, which lies within the 3 days' grace of a calendar month."""


@dataclass(frozen=True)
class Payment:
    """What a person pays on one day. `last` is the one after which they do not renew."""

    type: str
    plan: Plan
    yearly: bool = False
    trial: bool = False
    last: bool = False

    @property
    def amount(self) -> int:
        """The price, in whole units of the person's currency; a year costs ten months."""
        return 0 if self.trial else self.plan.price * (10 if self.yearly else 1)

    @property
    def recurring(self) -> bool:
        """Whether it pays for some time on a plan."""
        return self.type in ("subscription", "upgrade")

    @property
    def length(self) -> timedelta:
        """The time that it pays for."""
        return timedelta(days=365 if self.yearly else _TRIAL_DAYS if self.trial else _MONTH_DAYS)


CREDIT_PACK = Payment("purchase", Plan("credits-500", 1, 10, 1.0))


@dataclass(frozen=True, eq=False)
class Person:
    """One user. Days are counted from 1970-01-01; `left` is the first day they stay away."""

    id: str
    joined: int
    left: int
    country: Country
    device: Device
    payment_method: str
    campaign: bool
    payments: dict[int, Payment] = field(default_factory=dict)

    def plan_on(self, day: int) -> str:
        """The plan that they are on that day."""
        paid = [(since, payment) for since, payment in self.payments.items() if since <= day]
        if not paid:
            return FREE
        since, payment = max(paid, key=lambda one: one[0])
        ended = payment.last and day >= since + payment.length.days
        return FREE if ended else payment.plan.name

    def renews_on(self, day: int) -> bool:
        """Whether they have paid before that day."""
        return any(earlier < day for earlier in self.payments)

    @cached_property
    def activity(self) -> float:
        """How often they come, next to a free user's 1."""
        return max((payment.plan.activity for payment in self.payments.values()), default=1.0)


def weekday(day: int) -> int:
    """0 for Monday; day 0, 1970-01-01, was a Thursday."""
    return (day + 3) % 7


class Population:
    """All people of a seed; about `users` of them are there on any one day."""

    def __init__(self, seed: int, users: int) -> None:
        self.name = f"{seed}-{users}"
        self._a_day = users / MEAN_STAY
        self._joined: dict[int, list[Person]] = {}
        self._crowd: tuple[int, Crowd] | None = None
        # somebody is there, however small the population
        self._founder = _person(Random(f"{self.name}/founder"), f"demo-{self.name}-founder", 0)

    def joined_on(self, day: int) -> list[Person]:
        """The people whose first day it is."""
        if day not in self._joined:
            random = Random(f"{self.name}/people/{day}")
            number = int(self._a_day * product.WEEKDAYS[weekday(day)] + random.random())
            self._joined[day] = [
                _person(random, f"demo-{self.name}-{day}-{index}", day) for index in range(number)
            ]
        return self._joined[day]

    def on(self, day: int) -> "Crowd":
        """The people who are there that day."""
        if self._crowd is not None and self._crowd[0] == day:
            return self._crowd[1]
        there = [
            person
            for joined in range(day - LONGEST_STAY, day + 1)
            for person in self.joined_on(joined)
            if day < person.left
        ]
        self._crowd = day, Crowd([self._founder, *there])
        return self._crowd[1]


class Crowd:
    """The people of one day."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people
        self._up_to = list(accumulate(person.activity for person in people))

    def draw(self, random: Random) -> Person:
        """One of them, the busier ones more often."""
        return random.choices(self.people, cum_weights=self._up_to)[0]


def _person(random: Random, name: str, joined: int) -> Person:
    left = joined + _stay(random)
    return Person(
        id=name,
        joined=joined,
        left=left,
        country=product.COUNTRY.draw(random),
        device=product.DEVICE.draw(random),
        payment_method=random.choice(product.PAYMENT_METHODS),
        campaign=random.random() < product.CAMPAIGN,
        payments=_payments(random, joined, left),
    )


def _stay(random: Random) -> int:
    """Days: some only look around, the rest leave at a steady rate."""
    if random.random() < product.LOOKS_AROUND_ONLY:
        return random.randint(1, 5)
    return min(6 + int(random.expovariate(1 / 90)), LONGEST_STAY)


def _payments(random: Random, joined: int, left: int) -> dict[int, Payment]:
    """What somebody who joined and left then paid in between, if anything."""
    day = joined + random.randint(1, 12)
    if random.random() > product.PAYS_EVER or day >= left:
        return {}
    plan, yearly = product.PAID_PLAN.draw(random), random.random() < product.PAYS_YEARLY
    plans = product.PAID_PLANS
    payments: dict[int, Payment] = {}
    kind = "subscription"
    if random.random() < product.STARTS_WITH_TRIAL:
        payments[day] = Payment(kind, plan, trial=True)
        day += _TRIAL_DAYS
    while day < left:
        last = not yearly and day + _MONTH_DAYS >= left
        payments[day] = Payment(kind, plan, yearly, last=last)
        day += payments[day].length.days
        kind = "subscription"
        if plan is not plans[-1] and random.random() < product.UPGRADES:
            plan, kind = plans[plans.index(plan) + 1], "upgrade"
    return payments
