"""What the demo does not do: the rare, the wrong, and the failing."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from itertools import count
from typing import Any

from tests.services.service import KEY

TOO_MANY_FEATURES = 250
"""More than LABEL_VALUES_LIMIT."""
TOO_MANY_CALLS = 20
"""More than RATE_LIMIT_MAX_REQUESTS, see chain.py."""

_numbers = count()


def rare(url: str) -> None:
    """Do once what seldom happens, so that the panels which show it have something to show."""
    refund = {"plan": "pro", "currency": "EUR", "status": "completed"}
    send(url, [sale("refund", **refund), {"kind": "sale", "status": "no status"}])
    moved = {"service": "shop", "endpoint": "/old", "method": "GET", "statusCode": 301}
    send(url, [{"kind": "performance", **moved, "responseTime": 3}])
    features = [f"feature {number}" for number in range(TOO_MANY_FEATURES)]
    send(url, [{"kind": "credit", "featureName": one, "creditsUsed": 1} for one in features])
    for _ in range(TOO_MANY_CALLS):
        _post(url, {}, "a key that nobody knows")


def payments(status: str, number: int) -> list[dict[str, Any]]:
    """So many payments by a method that nothing was paid by before."""
    method = {"paymentMethod": "a new one", "plan": "team", "currency": "USD"}
    return [sale("purchase", status=status, **method) for _ in range(number)]


def ai_requests(status: str, number: int) -> list[dict[str, Any]]:
    """So many requests to a model that was not used before."""
    return [
        {"kind": "ai_request", "requestId": _name(), "model": "new-model", "status": status}
        for _ in range(number)
    ]


def sale(kind: str, **fields: Any) -> dict[str, Any]:
    """A sale of 10."""
    return {"kind": "sale", "transactionId": _name(), "type": kind, "amount": 10, **fields}


def send(url: str, events: Iterable[dict[str, Any]]) -> Any:
    """Post a batch of events; what became of them."""
    status, answer = _post(url, {"events": list(events)}, KEY)
    assert status == 200, answer
    return answer


def _post(url: str, body: Any, key: str) -> tuple[int, Any]:
    """The status and the answer of a batch."""
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    request = urllib.request.Request(
        f"{url}/api/events/batch", json.dumps(body).encode(), headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def _name() -> str:
    return f"live-{next(_numbers)}"
