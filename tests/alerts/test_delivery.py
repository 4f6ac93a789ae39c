"""Delivery: tried until it is taken or given up, in order, and never in anybody's way."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.alerts import delivery as module
from exporter.alerts.announcement import Announcement
from exporter.alerts.channel import NotNow, Refused
from exporter.alerts.delivery import UNKEPT
from exporter.metrics import catalogue
from exporter.storage.base import StoreUnavailable

from ..outside import Logged, until
from .announcements import announcement
from .deliveries import QUICK, delivering


class Scripted:
    """A channel that fails as it is told to, and then takes everything."""

    name = "scripted"

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.tried: list[str] = []
        self.taken: list[str] = []
        self.closed = False

    async def send(self, announced: Announcement) -> None:
        """Fail, or take it."""
        self.tried.append(announced.alert_id)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.taken.append(announced.alert_id)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class Hanging(Scripted):
    """A channel that never answers while `hangs` is set."""

    hangs = True

    async def send(self, announced: Announcement) -> None:
        """Wait for ever, or take it."""
        if self.hangs:
            await asyncio.Event().wait()
        await super().send(announced)


async def test_what_is_taken_at_once_is_sent_once(tmp_path: Path) -> None:
    channel = Scripted()
    async with delivering(channel, tmp_path) as running:
        assert running.count("sent") == 0
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("sent")
        await running.idle()
    assert channel.tried == ["a"]
    assert running.pauses == []
    assert channel.closed


async def test_what_fails_is_tried_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    channel = Scripted(NotNow("status 500"), NotNow("status 500"), NotNow("reset"))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("sent")
    assert channel.tried == ["a"] * 4
    assert running.count("retried") == 3
    assert [0.5, 1.0, 2.0] <= running.pauses <= [1.0, 2.0, 4.0]


async def test_a_service_gets_the_time_that_it_asks_for(tmp_path: Path) -> None:
    channel = Scripted(NotNow("status 429", 42.0))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement())
        await running.until("sent")
    assert running.pauses == [42.0]


async def test_what_is_refused_is_a_dead_letter_at_once(tmp_path: Path, logged: Logged) -> None:
    channel = Scripted(Refused("status 404 no_service"))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("dead")
        await until(lambda: running.dead() == 1.0)
        [letter] = await running.outbox.dead(10)
        assert letter.reason == "status 404 no_service"
        assert (running.waiting(), running.count("retried")) == (0.0, 0.0)
    assert channel.tried == ["a"]
    assert "announcement_given_up" in logged.events()


async def test_what_nobody_takes_for_too_long_is_given_up(tmp_path: Path) -> None:
    channel = Scripted(*[NotNow("status 503")] * 1_000)
    async with delivering(channel, tmp_path) as running:
        began = running.clock()
        await running.delivery.tell(announcement())
        await running.until("dead")
        await until(lambda: running.dead() == 1.0)
        spent = running.clock() - began
    assert QUICK.patience - timedelta(seconds=QUICK.longest_pause) <= spent <= QUICK.patience
    assert len(channel.tried) == running.count("retried") + 1


async def test_the_next_one_is_told_after_one_was_given_up(tmp_path: Path) -> None:
    channel = Scripted(Refused("no"))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement(alert_id="a"))
        await running.delivery.tell(announcement(alert_id="b"))
        await running.until("sent")
    assert channel.taken == ["b"]


async def test_announcements_keep_their_order(tmp_path: Path) -> None:
    channel = Scripted(NotNow("later"), None, NotNow("later"))
    async with delivering(channel, tmp_path) as running:
        for name in "abc":
            await running.delivery.tell(announcement(alert_id=name))
        await running.until("sent", 3)
    assert channel.taken == ["a", "b", "c"]


async def test_a_channel_that_hangs_is_given_up_after_its_time_and_blocks_nobody(
    tmp_path: Path,
) -> None:
    channel = Hanging()
    async with delivering(channel, tmp_path, replace(QUICK, timeout=0.01)) as running:
        async with asyncio.timeout(1.0):
            for name in "abc":
                await running.delivery.tell(announcement(alert_id=name))
        await running.until("retried", 2)
        channel.hangs = False
        await running.until("sent", 3)
    assert channel.taken == ["a", "b", "c"]


async def test_a_channel_gets_no_more_than_so_many_in_a_minute(tmp_path: Path) -> None:
    channel = Scripted()
    async with delivering(channel, tmp_path, replace(QUICK, per_minute=2)) as running:
        for name in "abcde":
            await running.delivery.tell(announcement(alert_id=name))
        await running.until("sent", 5)
    assert running.pauses == [60.0, 60.0]


async def test_what_waits_is_told_after_a_restart_and_what_was_told_is_not(tmp_path: Path) -> None:
    hanging = Hanging()
    async with delivering(hanging, tmp_path, replace(QUICK, timeout=60.0)) as running:
        hanging.hangs = False
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("sent")
        await running.idle()
        hanging.hangs = True
        await running.delivery.tell(announcement(alert_id="b"))
        await running.delivery.tell(announcement(alert_id="c"))
        assert running.waiting() == 2.0
    channel = Scripted()
    async with delivering(channel, tmp_path) as running:
        await running.until("sent", 2)
    assert channel.taken == ["b", "c"]


async def test_what_has_no_room_is_dropped_and_counted(tmp_path: Path, logged: Logged) -> None:
    channel = Hanging()
    policy = replace(QUICK, timeout=60.0, waiting_bytes=1_000)
    async with delivering(channel, tmp_path, policy) as running:
        for _ in range(10):
            await running.delivery.tell(announcement())
        kept = running.outbox.fill.waiting
        assert 1 <= kept < 10
        assert running.count("dropped") == 10 - kept
    assert logged.events().count("announcement_dropped") == 10 - kept


async def test_of_dead_letters_the_oldest_make_room(tmp_path: Path) -> None:
    channel = Scripted(*[Refused(f"no {number}") for number in range(5)])
    async with delivering(channel, tmp_path, replace(QUICK, dead=3)) as running:
        for _ in range(5):
            await running.delivery.tell(announcement())
        await running.until("dead", 5)
        await running.idle()
        reasons = [letter.reason for letter in await running.outbox.dead(10)]
    assert reasons == ["no 2", "no 3", "no 4"]
    assert running.dead() == 3.0


async def test_a_dead_letter_that_is_retried_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
    channel = Scripted(Refused("wrong key"), NotNow("status 500"))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("dead")
        await running.idle()
        running.clock.advance(days=1)
        [letter] = await running.outbox.dead(1)
        assert await running.outbox.retry([letter.seq]) == 1
        await running.until("dead", 2)  # too old for a second try
        await running.idle()
        [letter] = await running.outbox.dead(1)
        await running.outbox.retry([letter.seq])
        await running.until("sent")
    assert channel.tried == ["a", "a", "a"]


async def test_an_entry_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    channel = Scripted()
    async with delivering(channel, tmp_path) as running:
        await running.outbox.append([b"nonsense"])
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("sent")
        [letter] = await running.outbox.dead(1)
    assert letter.reason == "unreadable"
    assert running.count("dead") == 1
    assert channel.taken == ["a"]


async def test_a_fault_in_a_channel_is_counted_and_keeps_no_other_announcement(
    tmp_path: Path, logged: Logged
) -> None:
    channel = Scripted(ValueError("a bug"))
    async with delivering(channel, tmp_path) as running:
        await running.delivery.tell(announcement(alert_id="a"))
        await running.delivery.tell(announcement(alert_id="b"))
        await running.until("sent")
        [letter] = await running.outbox.dead(1)
    assert letter.reason == "ValueError"
    assert channel.taken == ["b"]
    assert running.metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("delivery",)) == 1.0
    assert "delivery_failed" in logged.events()


def break_file(path: Path) -> None:
    """Make the file one that cannot be written."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE waiting")
    connection.close()


def mend_file(path: Path) -> None:
    """Undo it."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE waiting (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL)"
        )
    connection.close()


async def test_without_its_file_it_tells_from_memory(tmp_path: Path, logged: Logged) -> None:
    channel = Scripted(None, Refused("no"))
    async with delivering(channel, tmp_path) as running:
        break_file(tmp_path / "scripted.sqlite")
        for name in "abc":
            await running.delivery.tell(announcement(alert_id=name))
        await running.until("sent", 2)
        await until(lambda: "delivery_waits" in logged.events())
        mend_file(tmp_path / "scripted.sqlite")
        await running.delivery.tell(announcement(alert_id="d"))
        await running.until("sent", 3)
    assert channel.taken == ["a", "c", "d"]
    assert running.count("dead") == 1


async def test_memory_takes_only_so_many(tmp_path: Path) -> None:
    channel = Hanging()
    async with delivering(channel, tmp_path, replace(QUICK, timeout=60.0)) as running:
        break_file(tmp_path / "scripted.sqlite")
        for _ in range(UNKEPT + 3):
            await running.delivery.tell(announcement())
        assert running.count("dropped") == 3
        assert running.waiting() == UNKEPT


async def test_what_was_told_but_cannot_be_put_away_is_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Scripted()
    async with delivering(channel, tmp_path) as running:
        settle = running.outbox.settle
        failures = [StoreUnavailable("the disk is full")] * 3

        async def failing(*arguments: Any) -> None:
            if failures:
                raise failures.pop()
            await settle(*arguments)

        monkeypatch.setattr(running.outbox, "settle", failing)
        await running.delivery.tell(announcement(alert_id="a"))
        await running.idle()
    assert channel.tried == ["a"]
    assert running.outbox.fill.waiting == 0


async def test_a_fault_of_its_own_is_counted_and_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Scripted()
    async with delivering(channel, tmp_path) as running:
        first = running.outbox.first
        failures = [KeyError("a bug")]

        async def failing(limit: int) -> Any:
            if failures:
                raise failures.pop()
            return await first(limit)

        monkeypatch.setattr(running.outbox, "first", failing)
        await running.delivery.tell(announcement(alert_id="a"))
        await running.until("sent")
    assert running.metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("delivery",)) == 1.0
