"""The demo's client: what it counts, what it asks again, and when it gives up."""

import aiohttp
import pytest
from aiohttp import web

from exporter.demo.calls import Call
from exporter.demo.client import Client, DemoError

from .conftest import KEY, Recorder

AGENT = "Mozilla/5.0 (test)"
CREDIT = {"kind": "credit", "featureName": "chat", "creditsUsed": 1}


def credit(number: int) -> dict:
    return {**CREDIT, "usageId": f"u{number}"}


def track(kind_path: str, body: dict) -> Call:
    return Call("POST", f"/api/{kind_path}/track", body, AGENT)


REQUEST = track("ai-tracking", {"requestId": "r", "model": "gpt-4o"})


def busy(status: int, retry_after: str | None = "0") -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.json_response({"error": "busy"}, status=status, headers=headers)


async def test_a_batch_counts_new_events_and_duplicates(client: Client):
    assert await client.batch([credit(1), credit(2)], AGENT) == 2
    assert await client.batch([credit(2), credit(3)], AGENT) == 1
    assert (client.outcomes.accepted, client.outcomes.duplicates) == (3, 1)


async def test_a_rejected_event_is_counted_and_told(client: Client):
    bad = {"kind": "ai_request", "requestId": "r", "model": "refused"}
    assert await client.batch([credit(1), bad], AGENT) == 1
    assert client.outcomes.rejected == 1
    assert "ai_request" in client.outcomes.problems[0]
    assert "validation_error" in client.outcomes.problems[0]


async def test_a_batch_that_is_refused_as_a_whole_is_rejected_events(client, recorder):
    recorder.busy.append(web.Response(status=400, text="<html>no</html>"))
    assert await client.batch([credit(1), credit(2)], AGENT) == 0
    assert client.outcomes.rejected == 2
    assert "no" in client.outcomes.problems[0]


async def test_only_the_first_problems_are_kept(client, recorder):
    recorder.busy.extend(web.Response(status=400) for _ in range(9))
    for _ in range(9):
        await client.call(REQUEST)
    assert client.outcomes.rejected == 9
    assert len(client.outcomes.problems) == 5


async def test_a_single_event_counts_once_however_often_it_is_sent(client: Client):
    for path, body in (
        ("ai-tracking", {"requestId": "r", "model": "gpt-4o"}),  # 409 the second time
        ("credits", {"featureName": "chat", "creditsUsed": 1, "usageId": "u"}),  # 200, duplicate
    ):
        await client.call(track(path, body))
        await client.call(track(path, body))
    assert (client.outcomes.accepted, client.outcomes.duplicates) == (2, 2)


async def test_a_change_is_an_update_and_no_event(client: Client):
    await client.call(REQUEST)
    await client.call(Call("PUT", "/api/ai-tracking/update/r", {"status": "failed"}, AGENT))
    await client.call(Call("POST", "/api/ai-tracking/feedback/r", {"rating": 5}, AGENT))
    assert (client.outcomes.accepted, client.outcomes.updates) == (1, 2)


async def test_a_change_to_an_unknown_event_is_rejected(client: Client):
    await client.call(Call("PUT", "/api/ai-tracking/update/x", {"status": "failed"}, AGENT))
    assert client.outcomes.rejected == 1
    assert "not_found" in client.outcomes.problems[0]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_service_is_asked_again(client: Client, recorder: Recorder, status):
    recorder.busy += [busy(status), busy(status)]
    assert await client.batch([credit(1)], AGENT) == 1
    assert client.outcomes.retries == 2
    assert len(recorder.calls) == 3


@pytest.mark.parametrize("retry_after", ["3600", None, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_service_that_stays_busy_is_given_up(recorder, retry_after):
    recorder.busy += [busy(503, retry_after)]
    async with aiohttp.ClientSession() as session:
        client = Client(session, recorder.url, KEY, patience=0.5)
        with pytest.raises(DemoError, match="answers 503"):
            await client.batch([credit(1)], AGENT)


async def test_a_service_that_is_not_there_is_tried_again_and_given_up(unused_tcp_port):
    async with aiohttp.ClientSession() as session:
        client = Client(session, f"http://127.0.0.1:{unused_tcp_port}", KEY, patience=0.5)
        with pytest.raises(DemoError, match="cannot be reached"):
            await client.call(REQUEST)
    assert client.outcomes.retries == 1


async def test_a_key_that_is_refused_ends_the_demo(recorder):
    async with aiohttp.ClientSession() as session:
        client = Client(session, recorder.url, "another", patience=5.0)
        with pytest.raises(DemoError, match=r"refuses the service key.*unauthorized"):
            await client.call(REQUEST)
    assert len(recorder.calls) == 1


async def test_events_are_posted_as_their_device(client: Client, recorder: Recorder):
    await client.batch([credit(1)], AGENT)
    assert recorder.user_agents == {AGENT}
