"""Every query answers with data, and what breaks is told to whom it concerns, until it is mended.

With the real Prometheus and Alertmanager, our configurations (only faster, see copies.py), the
service as a process, and the traffic of the demo.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from . import events
from .chain import Chain, running
from .programs import until
from .prometheus import has_data
from .questions import Question, ask, questions, variables

DATA_SECONDS = 60.0
ALERT_SECONDS = 60.0
WITHOUT_DATA = {
    "offset 1w": "nothing was scraped a week ago",
    "exporter_dead_letters_total": "only events that MongoDB refuses are set aside",
    "exporter_spool_limit_bytes": "only an installation with MongoDB has a spool",
    "alert_time_to_acknowledge_seconds": "nobody takes an alert here; tests/alerts does",
    "alert_deliveries": "with Alertmanager the service itself tells nobody",
    "alert_dead_letters": "with Alertmanager the service itself tells nobody",
    "health_uptime_ratio": "uptime is worked out every five minutes",
    "health_check_tls_expiry_timestamp_seconds": "nothing here has a certificate",
    "incident_duration_seconds": "nothing that is critical was down",
}
"""What queries without an answer have in them, and why they have none here."""
SOMETIMES = {
    "alert_time_to_resolve_seconds_sum": "an alert of the start may be over by now, or not",
}
"""What queries have in them whose answer is a matter of moments."""
UNDISTURBED = {"MeterhouseDown", "MeterhouseNotScraped", "MeterhouseWatchdog"}
"""The alerts that are told of also while everything is down."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The running chain, with traffic of all kinds."""
    with running(tmp_path_factory.mktemp("live")) as chain:
        events.rare(chain.service.url)
        yield chain


def reasons(question: Question) -> list[str]:
    """The entries of WITHOUT_DATA that a query falls under."""
    return [part for part in WITHOUT_DATA if part in question.written]


def sometimes(question: Question) -> bool:
    """Whether a query falls under SOMETIMES."""
    return any(part in question.written for part in SOMETIMES)


def test_every_panel_has_data_but_for_those_that_say_why_not(chain: Chain) -> None:
    asked = list(questions())
    excused = [one for one in asked if reasons(one)]
    unanswered = [one for one in asked if one not in excused and not sometimes(one)]

    def answered(one: Question) -> bool:
        return has_data(ask(chain.prometheus, one, chain.began, time.time()))

    def all_answered() -> bool:
        unanswered[:] = [one for one in unanswered if not answered(one)]
        return not unanswered

    try:
        until("data", all_answered, DATA_SECONDS)
    except AssertionError:
        pytest.fail("no data:\n" + "\n".join(f"{one.place}: {one.written}" for one in unanswered))
    assert [one.place for one in excused if answered(one)] == []
    assert {part for one in excused for part in reasons(one)} == set(WITHOUT_DATA)


def test_every_variable_has_values(chain: Chain) -> None:
    def missing() -> list[str]:
        return [
            one.place
            for one in variables()
            if not any(series.get(one.label) for series in chain.prometheus.series(one.selector))
        ]

    until("values of all variables", lambda: not missing(), DATA_SECONDS)


def test_every_rule_is_evaluated_and_what_is_recorded_has_data(chain: Chain) -> None:
    def rules() -> list[Any]:
        found = chain.prometheus.rules()
        return found if all(rule["health"] != "unknown" for rule in found) else []

    found = until("an evaluation of every rule", rules, DATA_SECONDS)
    assert [rule for rule in found if rule["health"] != "ok"] == []
    assert {rule["type"] for rule in found} == {"recording", "alerting"}
    recorded = {rule["name"] for rule in found if rule["type"] == "recording"}

    def empty() -> set[str]:
        return {name for name in recorded if not has_data(chain.prometheus.instant(name))}

    until("data of every recording rule", lambda: not empty(), DATA_SECONDS)
    for rule in found:
        chain.prometheus.instant(rule["query"])  # fails where it is refused


def test_a_service_that_dies_is_told_of_until_it_is_back(chain: Chain) -> None:
    seen = alerts(chain)
    until("traffic", lambda: chain.prometheus.targets()["meterhouse"] == "up", ALERT_SECONDS)
    assert "MeterhouseDown" not in seen()

    chain.kill()
    until("the alert", lambda: "MeterhouseDown" in seen(), ALERT_SECONDS)
    until("the webhook", lambda: chain.told.webhook("MeterhouseDown"), ALERT_SECONDS)
    until("PagerDuty", lambda: paged(chain, "trigger", "Meterhouse is down."), ALERT_SECONDS)
    until("silence of its symptoms", lambda: undisturbed(chain) <= UNDISTURBED, ALERT_SECONDS)

    chain.restart()
    until("its end", lambda: "MeterhouseDown" not in seen(), ALERT_SECONDS)
    until(
        "the end in the webhook",
        lambda: chain.told.webhook("MeterhouseDown")[-1] == "resolved",
        ALERT_SECONDS,
    )
    until("the end of the page", lambda: paged(chain, "resolve", ""), ALERT_SECONDS)


def test_payments_that_fail_are_told_of_until_they_succeed(chain: Chain) -> None:
    """The method is new, so the failures are what its series begin with: zero_first.py."""
    seen = alerts(chain)
    assert events.send(chain.service.url, events.payments("failed", 400))["accepted"] == 400

    until("the alert", lambda: "PaymentsFailing" in seen(), ALERT_SECONDS)
    until("the page", lambda: paged(chain, "trigger", "of the payments fail."), ALERT_SECONDS)
    until("the e-mail", lambda: mailed(chain, "of the payments fail."), ALERT_SECONDS)

    for _ in range(3):
        events.send(chain.service.url, events.payments("completed", 1000))
    until("its end", lambda: "PaymentsFailing" not in seen(), ALERT_SECONDS)
    until("the e-mail of its end", lambda: mailed(chain, "Resolved: "), ALERT_SECONDS)


def test_a_model_that_fails_is_told_of_until_it_answers(chain: Chain) -> None:
    """The models of the demo fail as well, now and then."""

    def burns() -> bool:
        return chain.alertmanager.burns("AiFailureRateHigh", model="new-model")

    def fails() -> bool:
        events.send(chain.service.url, events.ai_requests("failed", 10))
        return burns()

    until("the alert", fails, ALERT_SECONDS)
    events.send(chain.service.url, events.ai_requests("completed", 1000))
    until("its end", lambda: not burns(), ALERT_SECONDS)


def alerts(chain: Chain) -> Callable[[], dict[str, Any]]:
    """What asks Alertmanager for the alerts that it has."""
    return chain.alertmanager.alerts


def undisturbed(chain: Chain) -> set[str]:
    """The alerts that Alertmanager does not keep quiet."""
    return {
        name
        for name, alert in chain.alertmanager.alerts().items()
        if alert["status"]["state"] != "suppressed"
    }


def paged(chain: Chain, action: str, words: str) -> bool:
    """Whether PagerDuty was told to do that, in those words."""
    return any(
        body["event_action"] == action and words in str(body.get("payload"))
        for body in chain.told.bodies("/pagerduty")
    )


def mailed(chain: Chain, words: str) -> bool:
    """Whether an e-mail has those words, however it breaks its lines."""
    return any(words in mail.replace("=\r\n", "") for mail in list(chain.told.mails))
