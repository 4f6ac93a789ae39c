"""The past of the pretended product: so many events over so many days, day by day.

A day's events are the beginning of a sequence that follows from the population and the day alone.
How far into it a day goes is what depends on the number of events that was asked for, so that a
second backfill finds the events of the first.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from random import Random

from . import product
from .people import Person, Population, weekday
from .sessions import Event, Journey

HOUR = 3_600_000
DAY = 24 * HOUR


def sequence(population: Population, day: int) -> Iterator[Event]:
    """What happens on a day, without end: payments, then newcomers, then visit after visit.

    In no order of time; the busier the product is made, the more of the visits take place.
    """
    random = Random(f"{population.name}/day/{day}")
    numbers = count()
    troubled, bad_hour = _incident(random, day)

    def journey(person: Person) -> Journey:
        at = day * DAY + product.HOUR.draw(random) * HOUR + random.randrange(HOUR)
        return Journey(
            person,
            person.plan_on(day),
            at,
            random=random,
            name=lambda kind: f"demo-{population.name}-{day}-{kind}-{next(numbers)}",
            trouble=lambda service, moment: (
                product.INCIDENT_FAILS
                if service == troubled and bad_hour <= moment < bad_hour + HOUR
                else 0.0
            ),
        )

    crowd = population.on(day)
    for person in crowd.people:
        if payment := person.payments.get(day):
            yield from journey(person).pay(payment, person.renews_on(day))
    for person in population.joined_on(day):
        yield from journey(person).visit(first=True)
    while True:
        yield from journey(crowd.draw(random)).visit()


def _incident(random: Random, day: int) -> tuple[str | None, int]:
    """The service that has a bad hour that day, if any, and when the hour begins."""
    happens = random.random() < product.INCIDENT
    service = product.ENDPOINT.draw(random).service
    return service if happens else None, day * DAY + product.HOUR.draw(random) * HOUR


class History:
    """`events` events from `start` until `end`, none older than `oldest` says for its kind.

    `start` and `end` are best whole hours: a day of which only minutes are looked at is still
    played through until enough events fell into them.
    """

    def __init__(
        self, population: Population, start: int, end: int, events: int, oldest: Mapping[str, int]
    ) -> None:
        self._population = population
        self._oldest = {kind: max(start, oldest[kind]) for kind in oldest}
        self._start = min(self._oldest.values())
        self._end = end
        self._events = events

    def days(self) -> Iterator[list[Event]]:
        """The events of each day in their order; all days together have exactly `events`."""
        days = range(self._start // DAY, -(-self._end // DAY))
        weights = [self._weight(day) for day in days]
        total, so_far, done = sum(weights), 0.0, 0
        for day, weight in zip(days, weights, strict=True):
            so_far += weight
            wanted = round(self._events * so_far / total) - done
            done += wanted
            yield sorted(self._first(day, wanted), key=lambda event: event.at)

    def _first(self, day: int, wanted: int) -> Iterator[Event]:
        if not wanted:
            return
        for event in sequence(self._population, day):
            if self._oldest[event.kind] <= event.at < self._end:
                yield event
                wanted -= 1
                if not wanted:
                    return

    def _weight(self, day: int) -> float:
        """How much of all events happens on a day, by the kinds and the hours that it has."""
        end = min(self._end, (day + 1) * DAY)
        kinds = (
            share * _busy(max(self._oldest[kind], day * DAY), end, day)
            for kind, share in product.KIND_SHARES.items()
        )
        return product.WEEKDAYS[weekday(day)] * sum(kinds)


def _busy(start: int, end: int, day: int) -> float:
    """The share of a day's events that lies from `start` until `end`, both on that day."""
    return max(0.0, _share_until(end - day * DAY) - _share_until(start - day * DAY))


def _share_until(time: int) -> float:
    hour, rest = divmod(time, HOUR)
    past: float = sum(product.HOURS[:hour])
    if rest:
        past += product.HOURS[hour] * rest / HOUR
    return past / sum(product.HOURS)
