"""What the events say: bodies of tracking calls, drawn from the product's likelihoods.

The ids, the user and the session are added by sessions.py.
"""

from random import Random
from typing import Any

from ..clock import from_epoch_ms
from . import product
from .people import Payment
from .product import Endpoint, Feature

Body = dict[str, Any]


def ai_request(random: Random, feature: Feature) -> Body:
    """A request to an AI model as it ended."""
    model = product.MODEL.draw(random)
    tokens_in = 1 + int(random.lognormvariate(0, 0.7) * feature.tokens_in)
    tokens_out = 1 + int(random.lognormvariate(0, 0.8) * feature.tokens_out)
    seconds = (0.25 + tokens_out / model.speed) * random.lognormvariate(0, 0.35)
    body: Body = {
        "model": model.name,
        "provider": model.provider,
        "feature": feature.name,
        "complexity": feature.complexity,
        "prompt": feature.prompt,
        "queueTimeMs": round(random.expovariate(1 / 15), 1),
        "durationMs": round(seconds * 1000, 1),
    }
    luck = random.random()
    if luck < product.REQUEST_FAILS:
        code, message = random.choice(product.FAILURES)
        return body | {"status": "failed", "error": {"code": code, "message": message}}
    if luck < product.REQUEST_FAILS + product.REQUEST_IS_CANCELLED:
        return body | {"status": "cancelled"}
    body |= {"status": "completed", "tokens": {"input": tokens_in, "output": tokens_out}}
    routed = model is not product.BASELINE and random.random() < product.REQUEST_IS_ROUTED
    if routed:
        body["routing"] = {
            "wasRouted": True,
            "confidence": round(random.uniform(0.6, 0.99), 2),
            "baselineModel": product.BASELINE.name,
            "baselineCost": round(product.BASELINE.cost(tokens_in, tokens_out), 8),
        }
    if routed or random.random() < product.REQUEST_COST_IS_TOLD:
        body["cost"] = round(model.cost(tokens_in, tokens_out), 8)
    return body


def rating(random: Random) -> int:
    """How a user rates an answer, from 1 to 5."""
    return random.choices((1, 2, 3, 4, 5), (4, 5, 12, 34, 45))[0]


def credit(feature: Feature, request: Body) -> Body:
    """The credits that a completed AI request uses up."""
    return {
        "featureName": feature.name,
        "creditsUsed": 1 + request["tokens"]["output"] // 500,
        "costUsd": round(request.get("cost", 0.0004), 6),
    }


def reading(random: Random) -> Body:
    """What a page knows of how it was read."""
    return {
        "timeOnPage": round(random.expovariate(1 / 40), 1),
        "scrollDepth": random.randint(5, 100),
        "clicks": random.randint(0, 9),
    }


def sale(random: Random, payment: Payment, status: str, at: int) -> Body:
    """A payment that came to `status`, with the subscription that it pays for from `at` on."""
    body: Body = {"type": payment.type, "amount": payment.amount, "status": status}
    body["plan"] = payment.plan.name
    if payment.recurring:
        start = from_epoch_ms(at)
        body["subscription"] = {
            "startDate": start,
            "interval": "yearly" if payment.yearly else "monthly",
            "autoRenew": not payment.last,
        }
        if payment.trial:
            end = start + payment.length
            body["subscription"] |= {"endDate": end, "trialEnd": end}
    if status == "refunded":
        share = random.choice((1, 1, 0.5))
        body["refund"] = {
            "amount": payment.amount * share,
            "reason": random.choice(product.REFUND_REASONS),
        }
    return body


def service_call(random: Random, endpoint: Endpoint, trouble: float) -> Body:
    """A call that a service answered, at a time when the share `trouble` of its calls fails."""
    status = 201 if endpoint.method == "POST" else 200
    luck = random.random()
    if luck < product.CALL_FAILS + trouble:
        status = 503 if trouble else 500
    elif luck < product.CALL_FAILS + product.CALL_IS_REFUSED + trouble:
        status = random.choice((400, 403, 404, 404))
    took = endpoint.median * random.lognormvariate(0, 0.6) * (1 + 12 * trouble)
    body: Body = {
        "service": endpoint.service,
        "endpoint": endpoint.path.replace("{id}", f"{random.getrandbits(48):012x}"),
        "method": endpoint.method,
        "statusCode": status,
        "responseTime": round(took, 2),
        "requestSize": random.randint(200, 3_000),
        "responseSize": random.randint(300, 40_000),
    }
    if status in (500, 503):
        body["error"] = "upstream unavailable"
    if random.random() < product.CALL_TELLS_OF_MACHINE:
        body |= _machine(random, trouble)
    return body


def _machine(random: Random, trouble: float) -> Body:
    """What a service says now and then of its machine, its database and its cache."""
    cpu = min(max(random.gauss(38, 8) + 50 * trouble, 1), 99)
    memory = min(max(random.gauss(61, 4), 5), 99)
    hits, misses = random.randint(400, 900), random.randint(20, 90)
    active = random.randint(1, 12)
    return {
        "system": {
            "cpu": {"usage": round(cpu, 1), "load": round(cpu / 25, 2)},
            "memory": {"percentage": round(memory, 1)},
            "disk": {"percentage": round(random.uniform(48, 50), 1)},
            "network": {"bytesIn": random.randint(10**5, 10**6), "bytesOut": hits * 1_000},
        },
        "database": {
            "queryTime": round(random.expovariate(1 / 6), 2),
            "queryCount": random.randint(1, 6),
            "connectionPool": {"active": active, "idle": 20 - active, "total": 20},
        },
        "cache": {
            "hits": hits,
            "misses": misses,
            "hitRate": round(100 * hits / (hits + misses), 1),
            "type": "redis",
        },
    }
