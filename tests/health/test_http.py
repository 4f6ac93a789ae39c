"""Another service over HTTP: what becomes of it is what its check says, within two runs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from exporter.health.check import Check, Finding, Level
from exporter.health.checks.http import Http
from exporter.health.checks.tcp import Tcp
from exporter.health.runner import Runner
from exporter.health.track import Track
from exporter.metrics.values import Metrics

from ..conftest import MovingClock
from .certificates import Authority
from .conftest import MakeTools, Run, ready, track
from .dependency import Dependency

DAY = timedelta(days=1)
CLOSED = "It closed the connection without an answer."


class Asked(Protocol):
    """Two runs of a check, and what they come to."""

    async def __call__(self, check: Check, most: float = 10.0, slow: float = 9.0) -> Track: ...


@pytest.fixture
def asked(run: Run, clock: MovingClock) -> Asked:
    """Two runs of a check, and what they come to."""

    async def ask(check: Check, most: float = 10.0, slow: float = 9.0) -> Track:
        one = track(check, timeout=most, slow=slow)
        for _ in range(2):
            one.add(await run(one.check))
            clock.advance(seconds=30)
        return one

    return ask


def found(one: Track) -> Finding:
    """What the last run found."""
    assert one.last is not None
    return one.last.finding


def said(one: Track) -> str:
    """What it said; empty for nothing."""
    return found(one).message or ""


async def test_a_service_that_answers_is_healthy(dependency: Dependency, asked: Asked) -> None:
    one = await asked(Http(url=dependency.url, body="all is well"))
    assert (one.level, said(one)) == (Level.HEALTHY, "")
    assert dependency.asked == 2


async def test_it_is_asked_as_the_check_declares(dependency: Dependency, asked: Asked) -> None:
    check = Http(url=dependency.url, method="POST", headers={"Authorization": "Bearer x"})
    assert (await asked(check)).level is Level.HEALTHY
    assert dependency.request.startswith(b"POST /health HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer x\r\n" in dependency.request


async def test_one_that_dies_is_down(dependency: Dependency, asked: Asked) -> None:
    await dependency.stop()
    one = await asked(Http(url=dependency.url))
    assert one.level is Level.UNHEALTHY
    assert said(one) == "It cannot be reached: Connection refused."


async def test_and_up_again_when_it_is_back(dependency: Dependency, asked: Asked, run: Run) -> None:
    await dependency.stop()
    one = await asked(Http(url=dependency.url))
    await dependency.start()
    one.add(await run(one.check))
    one.add(await run(one.check))
    assert one.level is Level.HEALTHY


async def test_one_that_hangs_is_down(dependency: Dependency, asked: Asked) -> None:
    dependency.hanging = True
    one = await asked(Http(url=dependency.url), most=0.3, slow=0.2)
    assert one.level is Level.UNHEALTHY
    assert said(one) == "No answer within 0.3 s."
    assert dependency.most_at_once == 1


async def test_one_that_answers_slowly_is_degraded(dependency: Dependency, asked: Asked) -> None:
    dependency.delay = 0.25
    one = await asked(Http(url=dependency.url), slow=0.2)
    assert one.level is Level.DEGRADED
    assert said(one).endswith(" s, more than 0.2 s.")


WRONG = {
    "status": (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status 500"),
    "redirect": (b"HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "status 302"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "lacks the text"),
    "nothing": (b"\r\n", CLOSED),
    "half": (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nall", "cannot be read"),
    "nonsense": (b"220 mail.example.com\r\n\r\n", "cannot be read"),
}


@pytest.mark.parametrize(("answer", "message"), WRONG.values(), ids=WRONG)
async def test_one_that_answers_wrongly_is_down(
    dependency: Dependency, asked: Asked, answer: bytes, message: str
) -> None:
    dependency.answer = answer
    one = await asked(Http(url=dependency.url, body="all is well"))
    assert one.level is Level.UNHEALTHY
    assert message in said(one)


async def test_the_status_that_is_wanted_may_be_any(dependency: Dependency, asked: Asked) -> None:
    dependency.answer = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
    assert (await asked(Http(url=dependency.url, status=[401, 403]))).level is Level.HEALTHY
    one = await asked(Http(url=dependency.url, status=[200, 204]))
    assert said(one) == "It answers with status 401, not 200, 204."


async def test_only_the_beginning_of_an_answer_is_looked_at(
    dependency: Dependency, asked: Asked
) -> None:
    dependency.body = b"x" * 300_000 + b"all is well"
    one = await asked(Http(url=dependency.url, body="all is well"))
    assert one.level is Level.UNHEALTHY


async def test_a_host_that_nobody_knows_is_named_as_such(asked: Asked) -> None:
    one = await asked(Http(url="http://nobody.invalid/"), most=0.3, slow=0.2)
    assert one.level is Level.UNHEALTHY
    assert said(one) in ("The name of its host is not known.", "No answer within 0.3 s.")


async def test_what_is_said_has_no_password_of_an_address(asked: Asked) -> None:
    one = await asked(Http(url="http://ada:hunter2@127.0.0.1:1/"))
    assert one.level is Level.UNHEALTHY
    assert "hunter2" not in said(one)


class Certified:
    """A server with a certificate, and a clock that the test moves from the real time on."""

    def __init__(self, authority: Authority, tools: MakeTools) -> None:
        self.clock = MovingClock(datetime.now(UTC).replace(microsecond=0))
        self.authority = authority
        self.server = Dependency()
        made = tools()
        made.clock = self.clock
        self.run = Runner((), made, lambda check, result: None, Metrics(), self.clock).run

    def valid(self, begin: timedelta, end: timedelta) -> "Certified":
        """Show a certificate that is valid from and to so long from now."""
        now = self.clock()
        self.context = self.authority.context(now + begin, now + end)
        return self

    async def twice(self, check: Check) -> Track:
        """What two runs of a check come to."""
        one = track(check)
        for _ in range(2):
            one.add(await self.run(one.check))
        return one

    @property
    def https(self) -> Http:
        """The check of it over HTTPS."""
        return Http(url=self.server.url, ca_file=str(self.authority.file))

    @property
    def tls(self) -> Tcp:
        """The check of its port."""
        return Tcp(
            host="localhost", port=self.server.port, tls=True, ca_file=str(self.authority.file)
        )


@pytest.fixture
async def certified(authority: Authority, tools: MakeTools) -> AsyncIterator[Certified]:
    one = Certified(authority, tools).valid(-DAY, 30 * DAY)
    await one.server.start(one.context)
    yield one
    await one.server.stop()


async def test_the_end_of_a_certificate_is_told(certified: Certified) -> None:
    for check in (certified.https, certified.tls):
        one = await certified.twice(check)
        assert one.level is Level.HEALTHY
        assert found(one).expires == certified.clock() + 30 * DAY


async def test_a_certificate_is_degraded_in_its_last_days_and_then_down(
    certified: Certified,
) -> None:
    certified.clock.advance(days=17)
    for check in (certified.https, certified.tls):
        one = await certified.twice(check)
        assert one.level is Level.DEGRADED
        assert said(one).startswith("Its certificate ends at 20")
    certified.clock.advance(days=13)
    for check in (certified.https, certified.tls):
        one = await certified.twice(check)
        assert one.level is Level.UNHEALTHY
        assert said(one).startswith("Its certificate ended at 20")


async def test_what_else_is_wrong_comes_before_a_certificate_that_is_about_to_end(
    certified: Certified,
) -> None:
    certified.clock.advance(days=17)
    certified.server.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    one = await certified.twice(certified.https)
    assert one.level is Level.UNHEALTHY
    assert found(one).expires is not None


async def test_a_certificate_that_has_really_ended_is_refused(certified: Certified) -> None:
    await certified.server.stop()
    certified.valid(-30 * DAY, -DAY)
    await certified.server.start(certified.context)
    for check in (certified.https, certified.tls):
        one = await certified.twice(check)
        assert one.level is Level.UNHEALTHY
        assert said(one) == "Its certificate is refused: certificate has expired."
        assert found(one).expires == certified.clock() - DAY


async def test_a_certificate_that_was_renewed_is_seen_at_once(certified: Certified) -> None:
    await certified.server.stop()
    await certified.server.start(certified.valid(-DAY, 90 * DAY).context)
    one = await certified.twice(certified.https)
    assert found(one).expires == certified.clock() + 90 * DAY


async def test_a_certificate_of_a_stranger_is_refused(certified: Certified) -> None:
    one = await certified.twice(Http(url=certified.server.url))
    assert one.level is Level.UNHEALTHY
    assert said(one).startswith("Its certificate is refused: ")
    assert found(one).expires is not None


async def test_a_file_without_certificates_is_named(certified: Certified, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    one = await certified.twice(Http(url=certified.server.url, ca_file=str(tmp_path / "empty.pem")))
    assert said(one) == f"{tmp_path / 'empty.pem'} holds no certificates that can be used."


async def test_a_server_without_tls_agrees_on_none(certified: Certified) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n")
        await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for check in (
        Http(url=f"https://localhost:{port}/"),
        Tcp(host="localhost", port=port, tls=True),
    ):
        one = await certified.twice(check)
        assert one.level is Level.UNHEALTHY
        assert said(one).startswith("No TLS can be agreed on (")
    server.close()


async def test_the_end_of_a_refused_certificate_may_stay_unknown(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.open_connection
    asked = []

    async def once(*where: Any, **how: Any) -> Any:
        asked.append(where)
        if len(asked) > 1:
            raise ConnectionRefusedError  # as of a server that goes away in between
        return await real(*where, **how)

    monkeypatch.setattr(asyncio, "open_connection", once)
    result = await certified.run(ready(Http(url=certified.server.url)))
    assert result.level is Level.UNHEALTHY
    assert result.finding.expires is None


async def test_a_port_that_is_open_is_healthy_and_one_that_is_not_is_down(
    dependency: Dependency, asked: Asked
) -> None:
    assert (await asked(Tcp(host="localhost", port=dependency.port))).level is Level.HEALTHY
    await dependency.stop()
    for check in (
        Tcp(host="localhost", port=dependency.port),
        Tcp(host="localhost", port=dependency.port, tls=True),
        Http(url=f"https://localhost:{dependency.port}/"),
    ):
        one = await asked(check)
        assert one.level is Level.UNHEALTHY
        assert said(one).startswith("It cannot be reached: ")
