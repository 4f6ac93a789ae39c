"""What is sent: the past in batches, the present call by call."""

import asyncio
from itertools import islice

import aiohttp
import pytest

from exporter.demo import product, traffic
from exporter.demo.calls import Call
from exporter.demo.client import Client, DemoError
from exporter.demo.command import history
from exporter.demo.history import DAY, HOUR
from exporter.demo.live import lane
from exporter.demo.people import Population
from exporter.demo.traffic import Pace
from exporter.records import TRACKED
from exporter.settings import Settings

from .conftest import Recorder, read
from .test_client import busy

NOW = 20_530 * DAY + 14 * HOUR
START = NOW - 5 * HOUR


def days(events: int = 3_000):
    return history(Settings(), Population(1, 200), 5, events, NOW).days()


async def test_a_backfill_posts_every_event_once(client: Client, recorder: Recorder):
    steps: list[int] = []
    await traffic.backfill(client, days(), steps.append)
    assert client.outcomes.accepted == 3_000
    assert client.outcomes.rejected == client.outcomes.duplicates == 0
    assert len(recorder.events) == 3_000
    assert sum(steps) == 3_000
    assert {kind for kind, _ in recorder.events} == {family.kind for family in TRACKED}


async def test_a_backfill_rates_what_its_users_rated(client: Client, recorder: Recorder):
    await traffic.backfill(client, days(), lambda number: None)
    rated = {event.body["requestId"] for day in days() for event in day if event.rating}
    assert rated == recorder.changes.keys()
    assert client.outcomes.updates == len(rated) > 0


async def test_a_second_backfill_gives_duplicates_only(client: Client, recorder: Recorder):
    await traffic.backfill(client, days(), lambda number: None)
    client.outcomes = type(client.outcomes)()
    await traffic.backfill(client, days(), lambda number: None)
    assert client.outcomes.duplicates == 3_000
    assert client.outcomes.accepted == client.outcomes.updates == 0
    assert len(recorder.events) == 3_000


async def test_a_backfill_gets_through_a_service_that_is_busy(client: Client, recorder: Recorder):
    recorder.busy += [busy(503), busy(429), busy(503)]
    await traffic.backfill(client, days(500), lambda number: None)
    assert client.outcomes.accepted == len(recorder.events) == 500
    assert client.outcomes.retries == 3


async def test_events_are_posted_as_the_devices_that_people_use(client, recorder):
    await traffic.backfill(client, days(), lambda number: None)
    assert recorder.user_agents == {device.user_agent for device in product.DEVICES}


async def test_live_makes_the_calls_of_its_duration(client: Client, recorder: Recorder):
    made: list[int] = []
    await traffic.live(
        client, Population(1, 50), lambda: NOW, rate=400, duration=1.5, advance=made.append
    )
    outcomes = client.outcomes
    assert sum(made) == pytest.approx(600, abs=2)
    assert outcomes.accepted + outcomes.updates == sum(made)
    assert outcomes.rejected == outcomes.duplicates == 0
    assert outcomes.accepted == len(recorder.events)


async def test_live_goes_on_until_it_is_cancelled(client: Client, recorder: Recorder):
    running = asyncio.create_task(
        traffic.live(client, Population(1, 50), lambda: NOW, rate=500, duration=None, advance=id)
    )
    await asyncio.wait_for(recorder.many_calls.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert client.outcomes.rejected == 0


async def test_a_problem_ends_live_calls(recorder: Recorder):
    async with aiohttp.ClientSession() as session:
        client = Client(session, recorder.url, "another key")
        with pytest.raises(ExceptionGroup) as failed:
            await traffic.live(
                client, Population(1, 5), lambda: NOW, rate=50, duration=None, advance=print
            )
    assert isinstance(failed.value.exceptions[0], DemoError)


def calls(number: int, start: int = START, lane_number: int = 0) -> list[Call]:
    return list(islice(lane(Population(1, 50), start, lane_number, lambda: NOW), number))


def test_a_lane_makes_the_same_calls_again_and_another_lane_others():
    assert calls(500) == calls(500)
    ours = {repr(call) for call in calls(500)}
    assert not ours & {repr(call) for call in calls(500, lane_number=1)}
    assert not ours & {repr(call) for call in calls(500, start=START + 1)}


def test_requests_and_sales_begin_first_and_end_later():
    begun: set[str] = set()
    seen: dict[str, int] = {"update": 0, "feedback": 0}
    statuses = set()
    for call in calls(20_000):
        if call.tracks:
            assert call.body["userId"]
            key = call.body.get("requestId") or call.body.get("transactionId")
            if "status" in call.body:
                assert call.body["status"] == "pending"
                assert not {"tokens", "cost", "durationMs", "refund"} & call.body.keys()
                begun.add(key)
        else:
            assert call.path.rpartition("/")[2] in begun
            seen[call.path.split("/")[-2]] += 1
            statuses.add(call.body.get("status"))
    assert seen["update"] > 1_000
    assert seen["feedback"] > 10
    assert {"completed", "failed", "cancelled", "refunded"} <= statuses


def test_every_live_body_is_one_that_the_service_accepts():
    kinds = set()
    for call in calls(5_000):
        if call.tracks:
            kind = next(
                kind
                for kind, path in (
                    ("ai_request", "/api/ai-tracking/track"),
                    ("engagement", "/api/analytics/engagement/track"),
                    ("sale", "/api/analytics/sales/track"),
                    ("performance", "/api/performance/track"),
                    ("credit", "/api/credits/track"),
                )
                if path == call.path
            )
            read(kind, call.body)
            kinds.add(kind)
    assert kinds == {family.kind for family in TRACKED}


async def test_a_pace_gives_its_turns_and_then_no_more():
    pace = Pace(rate=1_000, duration=0.05)
    turns = 0
    while await pace.turn():
        turns += 1
    assert turns == pytest.approx(50, abs=1)


async def test_a_pace_makes_up_for_one_second_at_most():
    time = [1_000.0]
    pace = Pace(rate=1, duration=None, time=lambda: time[0])
    assert await pace.turn()
    time[0] += 60  # nobody asked for a minute
    assert await pace.turn()
    assert await pace.turn()
    third = asyncio.create_task(pace.turn())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not third.done()
    third.cancel()
