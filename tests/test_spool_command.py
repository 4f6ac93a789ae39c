"""`meterhouse spool`: what could not be replayed is shown, tried again, or dropped."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from exporter import cli
from exporter.access.principal import Scope
from exporter.ingest.spooled import Packing
from exporter.ingest.step import Command, Step
from exporter.records import AI_REQUEST, CREDIT, FAMILIES
from exporter.records.ai_request import AiRequest, Update
from exporter.records.credit import Credit
from exporter.storage.base import StoreUnavailable
from exporter.storage.spool import Spool, SpoolFull

from .conftest import NOW


@pytest.fixture
async def spool(tmp_path: Path) -> Any:
    spool = Spool(tmp_path / "spool.sqlite", 10_000)
    await spool.open()
    yield spool
    await spool.close()


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return cli.main(["spool", *arguments])


def entries() -> list[bytes]:
    packing = Packing(FAMILIES)
    credit = Credit(
        usage_id="u1", feature_name="f", credits_used=1, created_at=NOW, tenant_id="default"
    )
    command = Command(
        AI_REQUEST,
        AI_REQUEST.change("update"),
        "r1",
        Update(status="failed"),
        Scope("default", None),
        NOW,
    )
    request = AiRequest(request_id="r1", model="m", created_at=NOW, tenant_id="default")
    tried = Step(AI_REQUEST, request, request, command)
    return [
        packing.pack(Step(CREDIT, None, credit)),
        packing.pack(command),
        packing.pack(tried),
        b"nonsense",
    ]


async def set_aside(spool: Spool) -> list[int]:
    await spool.append(entries())
    waiting = [seq for seq, _ in await spool.first(10)]
    await spool.settle([], [(seq, "conflict") for seq in waiting], NOW)
    return waiting


async def test_dead_letters_are_listed_without_their_content(
    spool: Spool, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    seqs = await set_aside(spool)
    with monkeypatch.context() as patch:
        status = await _in_thread(lambda: run(tmp_path, patch, "list"))
    assert status == 0
    at = "2026-03-15T12:00:00.000Z"
    assert capsys.readouterr().out.splitlines() == [
        "0 waiting, 4 set aside",
        f"{seqs[0]}  {at}  conflict  credit default u1",
        f"{seqs[1]}  {at}  conflict  ai_request default r1 update",
        f"{seqs[2]}  {at}  conflict  ai_request default r1 update",
        f"{seqs[3]}  {at}  conflict  8 bytes",
    ]


async def _in_thread(call: Any) -> Any:
    """A command runs a loop of its own."""
    return await asyncio.to_thread(call)


async def test_some_are_retried_and_the_rest_dropped(
    spool: Spool, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    seqs = await set_aside(spool)
    retry = await _in_thread(lambda: run(tmp_path, monkeypatch, "retry", str(seqs[1])))
    drop = await _in_thread(lambda: run(tmp_path, monkeypatch, "drop"))
    assert (retry, drop) == (0, 0)
    assert capsys.readouterr().out == "1 wait again\n3 dropped\n"
    fill = await spool.count()
    assert (fill.waiting, fill.dead) == (1, 0)


async def test_a_number_that_is_not_set_aside_is_said_and_nothing_is_done(
    spool: Spool, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    seqs = await set_aside(spool)
    status = await _in_thread(lambda: run(tmp_path, monkeypatch, "drop", str(seqs[0]), "999"))
    assert status == 1
    assert "999" in capsys.readouterr().err
    assert (await spool.count()).dead == 4


def test_a_file_that_is_no_spool_is_said(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "spool.sqlite").write_bytes(b"this is not a database, but long enough for one" * 9)
    assert run(tmp_path, monkeypatch, "list") == 1
    assert "spool" in capsys.readouterr().err


async def test_a_spool_has_one_owner(spool: Spool, tmp_path: Path) -> None:
    other = Spool(tmp_path / "spool.sqlite", 10_000)
    with pytest.raises(StoreUnavailable, match="in use by another process"):
        await other.open()
    await other.open(own=False)
    await other.close()


async def test_a_spool_keeps_all_or_nothing_within_its_bound(spool: Spool) -> None:
    await spool.append([b"x" * 9_000])
    with pytest.raises(SpoolFull):
        await spool.append([b"y", b"x" * 1_000])
    assert [entry for _, entry in await spool.first(10)] == [b"x" * 9_000]
    assert spool.has_room
    await spool.append([b"x" * 950])
    assert not spool.has_room
    [(first, _), (second, _)] = await spool.first(10)
    await spool.settle([first], [], NOW)
    assert (spool.fill.waiting, spool.fill.waiting_bytes) == (1, 950)
    assert await spool.last() == second
    assert await spool.count() == spool.fill
