"""`meterhouse rollup rebuild`: on the file of the service, while that does not run."""

import asyncio
from pathlib import Path

import pytest

from exporter import cli, clock
from exporter.ids import new_id
from exporter.intervals import HOUR, beginning
from exporter.records import ENGAGEMENT
from exporter.rollups import command
from exporter.rollups.documents import kept
from exporter.rollups.job import NAME
from exporter.rollups.lease import LEASES, Held, Lease
from exporter.storage.base import Insert

from ..recording import DAY, engagement
from .rolling import rolling

NOW = clock.now()
LAST_WEEK = beginning(NOW - 7 * DAY, "hour")
TODAY = beginning(NOW - 3 * HOUR, "hour")
ANEW = "The rollups are made anew.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of a service that has lost the rollups of its hours."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(command, "WAIT_SECONDS", 0.05)

    async def fill() -> None:
        async with rolling(tmp_path, NOW) as rolled:
            await rolled.record(*(engagement(timestamp=at) for at in (LAST_WEEK, TODAY)))
            await rolled.refresh()
            await rolled.engine.put(kept(ENGAGEMENT).levels["hour"], (), ())

    asyncio.run(fill())
    return tmp_path


def hours(folder: Path) -> list[int]:
    """How many events there were in each hour that is rolled up."""

    async def find() -> list[int]:
        async with rolling(folder, NOW) as rolled:
            found = await rolled.rolled(ENGAGEMENT, "hour", "all", LAST_WEEK, 8 * DAY)
            return [document.count for document in found]

    return asyncio.run(find())


def test_all_is_made_anew_where_no_span_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["rollup", "rebuild"]) == 0
    assert capsys.readouterr().out == ANEW
    assert hours(folder) == [1, 1]


def test_a_span_alone_is_made_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ["--from", LAST_WEEK.isoformat(), "--to", (LAST_WEEK + HOUR).isoformat()]
    assert cli.main(["rollup", "rebuild", *span]) == 0
    assert capsys.readouterr().out == ANEW
    assert hours(folder) == [1]


def test_it_waits_for_the_lease_and_lets_go_of_it(folder: Path) -> None:
    async def another_has_it() -> None:
        until = clock.now() + HOUR / 3600  # a second
        held = Held(name=NAME, owner="another", until=until)
        async with rolling(folder, NOW) as rolled:
            await rolled.engine.write([Insert(LEASES, held, new_id())])

    async def nobody_has_it() -> bool:
        async with rolling(folder, NOW) as rolled:
            return await Lease(rolled.engine, NAME, clock.now).held()

    asyncio.run(another_has_it())
    assert cli.main(["rollup", "rebuild"]) == 0
    assert asyncio.run(nobody_has_it())
    assert hours(folder) == [1, 1]


def test_it_says_so_when_another_one_took_over(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(Lease):
        """A lease that is held once."""

        async def held(self) -> bool:
            """Whether it is the first time."""
            known = await self._store.get(LEASES, "default", NAME)
            return known is None and await super().held()

    monkeypatch.setattr(command, "Lease", Lost)
    assert cli.main(["rollup", "rebuild"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Another process has taken over before the end. Try again.\n")


async def test_a_file_that_the_service_has_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    async with rolling(tmp_path, NOW):
        assert await asyncio.to_thread(cli.main, ["rollup", "rebuild"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("meterhouse.sqlite is in use by another process.\n")


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_what_is_no_time_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["rollup", "rebuild", option, "yesterday"])
    assert ended.value.code == 2
    assert "'yesterday' is not a time such as 2026-01-31" in capsys.readouterr().err
