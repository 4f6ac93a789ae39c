"""The present of the pretended product: sessions without end, call after call."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from . import product
from .calls import Call, present
from .history import DAY, HOUR
from .people import Payment, Population
from .sessions import Event, Journey

NEW_CUSTOMER = 0.03
"""The share of sessions in which somebody subscribes, so that there is money without a past."""


def lane(population: Population, start: int, number: int, now: Callable[[], int]) -> Iterator[Call]:
    """The calls of one session after another; many lanes side by side make a busy product.

    What happens in it follows from the population, `start` and `number`; `now` (ms) is asked as
    each session begins, for the day and for the start of subscriptions.
    """
    random = Random(f"{population.name}/live/{start}/{number}")
    prefix, numbers = f"demo-{population.name}-live-{start}-{number}", count()
    while True:
        # A session takes seconds here that takes its person minutes: begun half an hour ago, it
        # does not come to lie in the future.
        moment = now() - HOUR // 2
        day = moment // DAY
        person = population.on(day).draw(random)
        journey = Journey(
            person,
            person.plan_on(day),
            moment,
            random=random,
            name=lambda kind: f"{prefix}-{kind}-{next(numbers)}",
            trouble=lambda service, at: 0.0,
        )
        for event in _session(journey, random):
            yield from present(event)


def _session(journey: Journey, random: Random) -> Iterator[Event]:
    if random.random() < NEW_CUSTOMER:
        return journey.pay(Payment("subscription", product.PAID_PLAN.draw(random)), renewal=False)
    return journey.visit()
