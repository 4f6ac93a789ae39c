"""The service itself: health, metrics, headers, limits, and what its log may hold."""

import asyncio
import ipaddress
from typing import Any

import pytest
import structlog
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.logs import name_call
from exporter.metrics import catalogue
from exporter.storage.base import StoreUnavailable
from exporter.storage.sqlite import SqliteStore

from ..conftest import Service, Start, make_token
from .test_tracking import AI, BODIES, ENGAGE

OPERATION = ["/health", "/-/healthy", "/-/ready", "/openapi.json", "/docs", "/metrics"]


@pytest.mark.parametrize("path", OPERATION)
async def test_the_service_shows_itself_to_anyone(service: Service, path: str) -> None:
    response = await service.nobody().raw("GET", path)
    assert response.status == 200
    assert await response.read()
    head = await service.nobody().raw("HEAD", path)
    assert head.status == 200


async def test_health_names_what_the_service_depends_on(service: Service) -> None:
    status, answer = await service.nobody()("GET", "/health")
    assert status == 200
    assert answer["status"] == "healthy"
    assert answer["service"] == "meterhouse"
    assert answer["environment"] == "test"
    assert answer["timestamp"] == "2026-03-15T12:00:00.000Z"
    assert answer["dependencies"] == [{"name": "sqlite", "status": "healthy"}]


async def test_a_store_that_cannot_record_is_said(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: SqliteStore) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqliteStore, "ping", broken)
    nobody = service.nobody()
    response = await nobody.raw("GET", "/-/ready")
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    status, answer = await nobody("GET", "/health")
    assert status == 503
    assert answer["dependencies"] == [
        {"name": "sqlite", "status": "unhealthy", "message": "the disk is full"}
    ]
    assert (await nobody("GET", "/-/healthy"))[0] == 200


async def test_redis_that_is_away_is_said_and_does_no_harm(start: Start) -> None:
    service = await start(redis_url="redis://127.0.0.1:9/0")
    status, answer = await service.nobody()("GET", "/health")
    assert (status, answer["status"]) == (200, "degraded")
    assert [(one["name"], one["status"]) for one in answer["dependencies"]] == [
        ("sqlite", "healthy"),
        ("redis", "unhealthy"),
    ]
    assert (await service.nobody()("GET", "/-/ready"))[0] == 200
    assert (await service.user()("POST", AI, BODIES[AI]))[0] == 201


async def test_metrics_may_be_closed(start: Start) -> None:
    service = await start(metrics_token="scrape me")
    assert (await service.nobody()("GET", "/metrics"))[0] == 401
    assert (await service.nobody(Authorization="Bearer no")("GET", "/metrics"))[0] == 401
    allowed = service.nobody(Authorization="Bearer scrape me")
    assert (await allowed.raw("GET", "/metrics")).status == 200
    assert service.metrics.value(catalogue.AUTH_FAILURES, ("metrics_token",)) == 2


async def test_both_expositions_parse_and_agree(service: Service) -> None:
    await service.user()("POST", AI, {**BODIES[AI], "status": "completed", "durationMs": 700})
    nobody = service.nobody()
    plain = await nobody.raw("GET", "/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=")
    families = {
        family.name: family for family in text_string_to_metric_families(await plain.text())
    }
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    other = await nobody.raw("GET", "/metrics", headers=accept)
    assert other.headers["Content-Type"].startswith("application/openmetrics-text")
    assert (await other.text()).endswith("# EOF\n")
    opened = {family.name: family for family in openmetrics(await other.text())}
    assert families["ai_requests"].samples[0].value == 1
    assert opened["ai_requests"].samples[0].labels == families["ai_requests"].samples[0].labels
    assert "process_cpu_seconds" in opened
    assert "python_info" in opened
    exemplars = [
        sample.exemplar.labels
        for sample in opened["ai_request_duration_seconds"].samples
        if sample.exemplar
    ]
    assert exemplars == [{"request_id": "r1"}]


async def test_the_trace_of_the_caller_is_the_exemplar(service: Service) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    body = {**BODIES[AI], "status": "completed", "durationMs": 700}
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    await service.user()("POST", AI, body, headers=headers)
    accept = {"Accept": "application/openmetrics-text"}
    text = await (await service.nobody().raw("GET", "/metrics", headers=accept)).text()
    assert f'trace_id="{trace}"' in text


async def test_the_services_own_calls_are_counted_by_template(service: Service) -> None:
    user = service.user()
    await user("PUT", "/api/ai-tracking/update/who-knows", {"status": "failed"})
    await user("GET", "/no/such/address")
    await user.raw("PROPFIND", "/no/such/address")
    value = service.metrics.value
    template = "/api/ai-tracking/update/{requestId}"
    assert value(catalogue.HTTP_REQUESTS, ("exporter", template, "PUT", "404")) == 1
    assert value(catalogue.HTTP_REQUESTS, ("exporter", "unmatched", "GET", "404")) == 1
    assert value(catalogue.HTTP_REQUESTS, ("exporter", "unmatched", "other", "404")) == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [("abc-123", True), ("x" * 129, False), ("a b", False), ("<script>", False), ("", False)],
)
async def test_a_sane_request_id_is_kept(service: Service, said: str, kept: bool) -> None:
    response = await service.nobody().raw("GET", "/-/healthy", headers={"X-Request-Id": said})
    assert (response.headers["X-Request-Id"] == said) is kept
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/-/healthy", "/nothing", "/metrics"])
async def test_every_answer_has_its_security_headers(service: Service, path: str) -> None:
    headers = (await service.nobody().raw("GET", path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "meterhouse"  # and not which version of what
    assert "Strict-Transport-Security" not in headers
    assert "Access-Control-Allow-Origin" not in headers


async def test_production_asks_for_https(start: Start) -> None:
    service = await start(app_env="production")
    headers = (await service.nobody().raw("GET", "/-/healthy")).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")


async def test_pages_of_known_origins_may_call(start: Start) -> None:
    service = await start(frontend_url=("https://app.example",))
    ours = {"Origin": "https://app.example"}
    asking = {**ours, "Access-Control-Request-Method": "POST"}
    preflight = await service.nobody().raw("OPTIONS", ENGAGE, headers=asking)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = await service.user().raw("POST", ENGAGE, json=BODIES[ENGAGE], headers=ours)
    assert answer.status == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers.getall("Cross-Origin-Resource-Policy") == ["cross-origin"]
    theirs = {"Origin": "https://evil.example"}
    answer = await service.user().raw("POST", ENGAGE, json=BODIES[ENGAGE], headers=theirs)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers.getall("Cross-Origin-Resource-Policy") == ["same-site"]


async def test_a_cache_is_told_all_that_an_answer_depends_on(start: Start) -> None:
    service = await start(frontend_url=("https://app.example",))
    answer = await service.nobody().raw("GET", "/metrics")
    assert answer.headers.getall("Vary") == ["Accept, Accept-Encoding", "Origin"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({"Authorization": "Basic abc"}, "malformed"),
        ({"Authorization": "Bearer a.b.c"}, "malformed"),
        ({"X-API-Key": "no-key"}, "unknown_key"),
    ],
)
async def test_nobody_gets_in_without_a_credential(
    service: Service, headers: dict[str, str], reason: str
) -> None:
    response = await service.nobody(**headers).raw("POST", AI, json=BODIES[AI])
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert (await response.json())["error"] == "unauthorized"
    assert service.metrics.value(catalogue.AUTH_FAILURES, (reason,)) == 1


async def test_calls_from_an_address_are_limited(start: Start) -> None:
    service = await start(rate_limit_max_requests=3)
    user = service.user()
    left = []
    for number in range(3):
        response = await user.raw("POST", AI, json={**BODIES[AI], "requestId": str(number)})
        assert response.status == 201
        assert response.headers["RateLimit-Limit"] == "3"
        left.append(response.headers["RateLimit-Remaining"])
    assert left == ["2", "1", "0"]
    response = await user.raw("POST", AI, json={**BODIES[AI], "requestId": "4"})
    assert response.status == 429
    assert (await response.json())["error"] == "rate_limited"
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["RateLimit-Remaining"] == "0"
    assert service.metrics.value(catalogue.RATE_LIMITED, ("address",)) == 1
    assert (await service.nobody().raw("GET", "/metrics")).status == 200
    assert (await service.service()("POST", AI, {**BODIES[AI], "requestId": "5"}))[0] == 201


async def test_guessing_credentials_is_limited(start: Start) -> None:
    service = await start(rate_limit_max_requests=2)
    guesses = [(await service.nobody(**{"X-API-Key": str(n)})("POST", AI, {}))[0] for n in range(3)]
    assert guesses == [401, 401, 429]


async def test_a_service_key_has_a_limit_of_its_own(start: Start) -> None:
    service = await start(rate_limit_service_per_second=2)
    key = service.service()
    answers = [(await key("POST", AI, {**BODIES[AI], "requestId": str(n)}))[0] for n in range(8)]
    assert 429 in answers
    assert service.metrics.value(catalogue.RATE_LIMITED, ("service",))


async def test_a_proxy_that_is_trusted_names_the_address(start: Start) -> None:
    service = await start(
        rate_limit_max_requests=1, trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),)
    )
    user = service.user()
    answers = []
    for number, address in enumerate(["1.2.3.4", "1.2.3.5", "1.2.3.4"]):
        body = {**BODIES[AI], "requestId": str(number)}
        headers = {"X-Forwarded-For": f"9.9.9.9, {address}"}
        answers.append((await user("POST", AI, body, headers=headers))[0])
    assert answers == [201, 201, 429]


async def test_the_log_holds_the_request_id_and_no_secrets(service: Service) -> None:
    token = make_token(service.clock(), sub="ada")
    body = {**BODIES[AI], "prompt": "my secret prompt", "response": 7}
    with structlog.testing.capture_logs(processors=[name_call]) as lines:
        for headers in (
            {"Authorization": f"Bearer {token}"},
            {"Authorization": f"Bearer {token}x"},
            {"X-API-Key": "guess-of-a-key"},
            {"X-API-Key": "open-key"},
        ):
            await service.nobody(**headers)("POST", AI, body, headers={"X-Request-Id": "abc"})
    assert lines
    assert all(line["request_id"] == "abc" for line in lines)
    for secret in (token, "guess-of-a-key", "open-key", "secret prompt"):
        assert secret not in str(lines)


async def test_an_unforeseen_error_shows_nothing_of_itself(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: SqliteStore, *arguments: Any) -> None:
        raise ZeroDivisionError("internal detail")

    monkeypatch.setattr(SqliteStore, "get", broken)
    path = "/api/ai-tracking/update/r1"
    status, answer = await service.user()("PUT", path, {"status": "failed"})
    assert (status, answer["error"]) == (500, "internal_error")
    assert "internal detail" not in str(answer)


async def test_a_store_that_is_away_is_unavailable(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: SqliteStore, *arguments: Any) -> None:
        raise StoreUnavailable("internal detail")

    monkeypatch.setattr(SqliteStore, "get", broken)
    path = "/api/ai-tracking/update/r1"
    response = await service.user().raw("PUT", path, json={"status": "failed"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert "internal detail" not in await response.text()


async def test_the_machine_is_shown_and_sampled(start: Start) -> None:
    service = await start(system_sample_seconds=0.05)

    async with asyncio.timeout(10):
        while not service.metrics.value(catalogue.EVENTS, ("system_sample", "stored")):
            await asyncio.sleep(0)
    assert service.metrics.value(catalogue.SYSTEM_MEMORY_USAGE, ("exporter",))
