"""The chain with the real Prometheus and Alertmanager: paged, taken, silenced, over, remembered."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest

from ..conftest import SECRET
from ..live.programs import free_addresses, until
from ..services.service import KEY, Process, running
from .chain import GROUP_SECONDS, alertmanager, ask, prometheus

WITHIN = 30.0
"""Seconds that any one step of the chain may take."""


class Patient:
    """A target whose `sick` a test decides."""

    def __init__(self) -> None:
        self.sick = 0
        patient = self

        class Metrics(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"# TYPE sick gauge\nsick {patient.sick}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    @contextmanager
    def listening(self) -> Iterator["Patient"]:
        """Be scraped until the block ends."""
        with self.server:
            Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
            yield self
            self.server.shutdown()


@dataclass
class Chain:
    """The running parts, and an admin who calls."""

    service: Process
    alertmanager: str
    patient: Patient
    token: str

    def __call__(self, path: str, body: Any = None) -> Any:
        """An answer of the service to the admin."""
        return ask(f"{self.service.url}{path}", body, Authorization=f"Bearer {self.token}")

    def record(self) -> dict[str, Any]:
        """The newest record, whole."""
        newest = self("/api/alerts?limit=1")["alerts"][0]
        whole: dict[str, Any] = self(f"/api/alerts/{newest['alertId']}")
        return whole

    def wait(self, **wanted: Any) -> dict[str, Any]:
        """The newest record, once it is as wanted."""

        def look() -> dict[str, Any]:
            found = self.record() if self("/api/alerts")["alerts"] else {}
            return found if wanted.items() <= found.items() else {}

        return until(f"an alert with {wanted}", look, WITHIN)

    def active(self) -> list[dict[str, Any]]:
        """What Alertmanager has."""
        found: list[dict[str, Any]] = ask(f"{self.alertmanager}/api/v2/alerts")
        return found


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """All of it."""
    folder: Path = tmp_path_factory.mktemp("chain")
    patient = Patient()
    [listen] = free_addresses(1)
    with ExitStack() as stack:
        stack.enter_context(patient.listening())
        webhook = f"http://{listen}/api/alerts/webhook"
        manager = stack.enter_context(alertmanager(folder, webhook, KEY))
        service = stack.enter_context(
            running(
                folder / "data",
                PORT=listen.rpartition(":")[2],
                JWT_SECRET=SECRET,
                ALERTMANAGER_URL=manager,
                ALERTMANAGER_ABSENCE_SECONDS="5",
                GAUGES_REFRESH_SECONDS="0.2",
            )
        )
        stack.enter_context(prometheus(folder, patient.address, "/metrics", manager))
        soon = int(time.time()) + 3600
        claims = {"sub": "ada", "role": "admin", "exp": soon}
        yield Chain(service, manager, patient, jwt.encode(claims, SECRET, "HS256"))


def moment(text: str) -> datetime:
    """A time of a record."""
    return datetime.fromisoformat(text)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def near(text: str, wanted: datetime, seconds: float = 5.0) -> bool:
    """Whether a time of a record is about that one."""
    return abs((moment(text) - wanted).total_seconds()) < seconds


def entries(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Who did what, without repetitions and without the order of what nobody waits for."""
    return [
        (one["who"], one["action"])
        for one in record["trail"]
        if one["action"] not in ("repeated", "confirmed")
    ]


def test_a_failure_is_paged_taken_silenced_and_over(chain: Chain) -> None:
    fell_ill = now()
    chain.patient.sick = 3
    record = chain.wait(state="open", alertname="Sick")
    assert near(record["startsAt"], fell_ill)
    assert near(record["createdAt"], fell_ill)
    assert (record["severity"], record["category"]) == ("critical", "service")
    assert (record["title"], record["message"]) == ("It is sick.", "Its sickness is 3.")
    [active] = chain.active()
    assert active["fingerprint"] == record["fingerprint"]
    assert near(record["startsAt"], moment(active["startsAt"]), 0.001)
    until(
        "the gauge of open alerts",
        lambda: chain.service.sample('alerts_open{severity="critical",category="service"}') == 1,
        WITHIN,
    )

    taken_at = now()
    taken = chain(
        f"/api/alerts/{record['alertId']}/acknowledge", {"note": "mine", "silenceMinutes": 90}
    )
    assert (taken["state"], taken["silenceProblem"]) == ("acknowledged", None)
    assert near(taken["silencedUntil"], taken_at + timedelta(minutes=90))
    silence = ask(f"{chain.alertmanager}/api/v2/silence/{taken['silenceId']}")
    assert (silence["createdBy"], silence["comment"]) == ("ada", "mine")
    assert silence["endsAt"] == taken["silencedUntil"]
    matched = {one["name"]: one["value"] for one in silence["matchers"]}
    assert matched == record["labels"]
    until("suppressed", lambda: chain.active()[0]["status"]["state"] == "suppressed", WITHIN)
    assert chain.active()[0]["status"]["silencedBy"] == [taken["silenceId"]]
    chain.wait(state="acknowledged")  # and it stays so
    until("confirmed", lambda: "confirmed" in str(chain.record()["trail"]), WITHIN)

    # Alertmanager says nothing of what ends while it is silenced; it is asked.
    recovered = now()
    chain.patient.sick = 0
    record = chain.wait(state="resolved")
    assert near(record["resolvedAt"], recovered)
    assert record["timeToResolve"] == pytest.approx((recovered - fell_ill).total_seconds(), abs=6)
    assert record["timeToAcknowledge"] == pytest.approx(
        (taken_at - fell_ill).total_seconds(), abs=6
    )
    assert entries(record) == [
        ("alertmanager", "opened"),
        ("ada", "acknowledged"),
        ("ada", "silenced"),
        ("alertmanager", "resolved"),
    ]
    times = [one["time"] for one in record["trail"]]
    assert times == sorted(times)
    until(
        "the gauge of open alerts",
        lambda: chain.service.sample('alerts_open{severity="critical",category="service"}') == 0,
        WITHIN,
    )


def test_an_end_that_is_notified_is_the_end_that_prometheus_saw(chain: Chain) -> None:
    expire_silences(chain)
    before = chain("/api/alerts")["pagination"]["total"]
    chain.patient.sick = 1
    until("a second start", lambda: chain("/api/alerts")["pagination"]["total"] > before, WITHIN)
    record = chain.wait(state="open")
    # Alertmanager tells the end of what it has told, and it tells once in a group_interval.
    told_by = moment(record["startsAt"]) + timedelta(seconds=3 * GROUP_SECONDS)
    until("told", lambda: now() > told_by, WITHIN)
    recovered = now()
    chain.patient.sick = 0
    record = chain.wait(state="resolved")
    assert near(record["endsAt"], recovered)
    assert record["resolvedAt"] == record["endsAt"]
    assert entries(record) == [("alertmanager", "opened"), ("alertmanager", "resolved")]
    stats = chain("/api/alerts/stats")["stats"]
    assert stats["resolved"] == stats["total"]
    assert stats["noisiest"][0]["alertname"] == "Sick"
    told = 'alert_notifications_total{source="alertmanager",status="%s"}'
    assert chain.service.sample(told % "firing") >= 2
    assert chain.service.sample(told % "resolved") >= 1


def expire_silences(chain: Chain) -> None:
    """Take every silence back in Alertmanager."""
    for silence in ask(f"{chain.alertmanager}/api/v2/silences"):
        url = f"{chain.alertmanager}/api/v2/silence/{silence['id']}"
        request = urllib.request.Request(url, method="DELETE")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
