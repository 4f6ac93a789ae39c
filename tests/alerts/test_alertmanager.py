"""The client of Alertmanager: what it asks, and what becomes of every way to fail."""

from collections.abc import AsyncIterator

import pytest

from exporter.alerts import alertmanager
from exporter.alerts.alertmanager import Alertmanager, AlertmanagerFailed

from ..live.programs import free_addresses
from .reports import LABELS, minutes
from .stand_in import StandIn, active, stand_in


@pytest.fixture
async def other() -> AsyncIterator[StandIn]:
    """What answers in Alertmanager's place."""
    async with stand_in() as one:
        yield one


@pytest.fixture
async def client(other: StandIn) -> AsyncIterator[Alertmanager]:
    """A client of it that does not wait for long."""
    client = Alertmanager(other.url, limit_seconds=0.5)
    yield client
    await client.close()


async def test_a_silence_is_for_exactly_these_labels(client: Alertmanager, other: StandIn) -> None:
    made = await client.silence(
        LABELS, minutes(0), minutes(90), who="ada", comment="mine", replaces="old"
    )
    assert made == "s1"
    [body] = other.posted
    assert body.pop("matchers") == [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in sorted(LABELS.items())
    ]
    assert body == {
        "id": "old",
        "startsAt": "2026-03-15T12:00:00.000Z",
        "endsAt": "2026-03-15T13:30:00.000Z",
        "createdBy": "ada",
        "comment": "mine",
    }


async def test_what_it_has_is_read(client: Alertmanager, other: StandIn) -> None:
    other.alerts = [active(), active(5, "f2", status={"inhibitedBy": ["f"]})]
    first, second = await client.active()
    assert (first.starts_at, first.labels, first.status.inhibited_by) == (minutes(0), LABELS, [])
    assert (second.fingerprint, second.status.inhibited_by) == ("f2", ["f"])


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (400, "no", "Alertmanager answered 400."),
        (503, None, "Alertmanager answered 503."),
        (200, "<html>", "Alertmanager's answer cannot be read."),
        (200, '[{"fingerprint": 1}]', "Alertmanager's answer cannot be read."),
        (200, "x" * 100, "Alertmanager's answer is too long."),
    ],
)
async def test_a_bad_answer_is_told_in_a_sentence(
    *,
    client: Alertmanager,
    other: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    text: str,
    message: str,
) -> None:
    monkeypatch.setattr(alertmanager, "LARGEST_ANSWER", 50)
    other.status, other.text = status, text
    with pytest.raises(AlertmanagerFailed) as caught:
        await client.active()
    assert str(caught.value) == message


async def test_one_that_hangs_or_is_away_is_not_waited_for(
    client: Alertmanager, other: StandIn
) -> None:
    other.hangs = True
    with pytest.raises(AlertmanagerFailed, match="cannot be reached"):
        await client.active()
    [nowhere] = free_addresses(1)
    away = Alertmanager(f"http://{nowhere}")
    with pytest.raises(AlertmanagerFailed, match="cannot be reached"):
        await away.active()
    await away.close()


async def test_without_an_address_it_is_not_asked() -> None:
    client = Alertmanager(None)
    assert not client.configured
    with pytest.raises(AlertmanagerFailed, match="ALERTMANAGER_URL is not set"):
        await client.active()
    await client.close()
