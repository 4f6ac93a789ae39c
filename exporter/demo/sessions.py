"""What people do: a session in the product, and what they pay for, as events in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from . import bodies, product
from .people import CREDIT_PACK, Payment, Person
from .product import Feature

SECOND = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the family's kind, when it happened, and the body of its tracking call.

    The body is without the event's time: whoever posts it says whether it is past or now.
    """

    kind: str
    at: int
    body: dict[str, Any]
    user_agent: str
    rating: int | None = None
    """For an AI request: how its user rated the answer."""


class Journey:
    """One person's way through the product from one moment on.

    `name` gives the next free id of a kind; `trouble` is the share of a service's calls that fail
    at a time. Times are milliseconds since 1970-01-01, as everywhere in the demo.
    """

    def __init__(
        self,
        person: Person,
        plan: str,
        at: int,
        *,
        random: Random,
        name: Callable[[str], str],
        trouble: Callable[[str, int], float],
    ) -> None:
        self._person = person
        self._plan = plan
        self._at = at
        self._random = random
        self._name = name
        self._trouble = trouble
        self._session = name("session")
        self._activities: dict[str, Callable[[], Iterator[Event]]] = {
            "ask": self._ask,
            "read": self._read,
            "search": self._search,
            "buy": self._buy,
        }

    def visit(self, first: bool = False) -> Iterator[Event]:
        """A session: they come, do a few things, and may log out; `first` is their first ever."""
        random = self._random
        yield self._engagement("signup" if first else "login", page="/welcome", landing=True)
        more = int(random.expovariate(1 / product.ACTIVITIES_MEAN))
        for _ in range(1 + min(more, product.ACTIVITIES_MOST)):
            self._wait(45)
            yield from self._activities[product.ACTIVITY.draw(random)]()
        if random.random() < product.LOGS_OUT:
            self._wait(20)
            yield self._engagement("logout")

    def pay(self, payment: Payment, renewal: bool) -> Iterator[Event]:
        """What it takes to pay: by hand the first time, without a visit when it renews.

        A card that is refused works the next time.
        """
        if not renewal:
            yield self._engagement("pricing_view", page="/pricing", landing=True)
            self._wait(60)
            yield self._engagement("checkout_started", page="/checkout")
            self._wait(90)
        if self._random.random() < product.PAYMENT_FAILS_FIRST:
            yield self._sale(payment, "failed")
            self._wait(120)
        refunded = not payment.trial and self._random.random() < product.PAYMENT_IS_REFUNDED
        yield self._sale(payment, "refunded" if refunded else "completed")
        if payment.last:
            self._wait(60)
            yield self._engagement("subscription_cancelled", page="/settings")

    def _wait(self, seconds: float) -> None:
        self._at += int(self._random.expovariate(1 / seconds) * SECOND) + 1

    def _event(self, kind: str, body: dict[str, Any], rating: int | None = None) -> Event:
        body["userId"] = self._person.id
        body["userPlan"] = self._plan
        return Event(kind, self._at, body, self._person.device.user_agent, rating)

    def _engagement(
        self, event: str, *, landing: bool = False, seen: dict[str, Any] | None = None, **more: Any
    ) -> Event:
        person = self._person
        metadata = {"country": person.country.code, "city": person.country.city, **(seen or {})}
        if landing:
            metadata["screenResolution"] = person.device.screen
            if person.campaign:
                metadata |= product.CAMPAIGNS[person.joined % len(product.CAMPAIGNS)]
        body = {"eventId": self._name("event"), "event": event, "sessionId": self._session, **more}
        body["metadata"] = metadata
        return self._event("engagement", body)

    def _ask(self) -> Iterator[Event]:
        """Use a feature, and ask again while the answer raises another question."""
        random = self._random
        feature = product.FEATURE.draw(random)
        yield self._engagement("feature_used", feature=feature.name, page="/conversations")
        asks = True
        while asks:
            self._wait(15)
            yield from self._request(feature)
            asks = random.random() < product.ASKS_AGAIN

    def _request(self, feature: Feature) -> Iterator[Event]:
        """A request to a model, the service call behind it, the credits that it used up."""
        random = self._random
        request = bodies.ai_request(random, feature)
        request |= {
            "requestId": self._name("request"),
            "sessionId": self._session,
            "language": self._person.country.language,
        }
        completed = request["status"] == "completed"
        rated = completed and random.random() < product.REQUEST_IS_RATED
        yield self._event("ai_request", request, bodies.rating(random) if rated else None)
        if random.random() < product.REQUEST_CALLS_SERVICE:
            yield self._call()
        if completed and random.random() < product.REQUEST_USES_CREDITS:
            usage = bodies.credit(feature, request)
            yield self._event("credit", {"usageId": self._name("usage"), **usage})

    def _read(self) -> Iterator[Event]:
        page = self._random.choice(product.PAGES)
        yield self._engagement("page_view", page=page, seen=bodies.reading(self._random))
        if self._random.random() < product.PAGE_CALLS_SERVICE:
            yield self._call()

    def _search(self) -> Iterator[Event]:
        query = self._random.choice(product.SEARCHES)
        yield self._engagement("search", page="/search", properties={"query": query})
        yield self._call()

    def _buy(self) -> Iterator[Event]:
        yield self._sale(CREDIT_PACK)

    def _call(self) -> Event:
        endpoint = product.ENDPOINT.draw(self._random)
        trouble = self._trouble(endpoint.service, self._at)
        body = bodies.service_call(self._random, endpoint, trouble)
        return self._event("performance", {"requestId": self._name("call"), **body})

    def _sale(self, payment: Payment, status: str = "completed") -> Event:
        body = bodies.sale(self._random, payment, status, self._at)
        body |= {
            "transactionId": self._name("sale"),
            "currency": self._person.country.currency,
            "paymentMethod": self._person.payment_method,
        }
        return self._event("sale", body)
