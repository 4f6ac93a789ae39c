"""A batch: each event stands for itself."""

from typing import Any

import msgspec
import pytest

from exporter.metrics import catalogue
from exporter.records import AI_REQUEST
from exporter.web.batch import DECODED_BYTES

from ..conftest import Service
from .test_tracking import AI, BODIES, CREDITS, ENGAGE, PERFORM, SELL, events

BATCH = "/api/events/batch"
KINDS = {
    AI: "ai_request",
    ENGAGE: "engagement",
    SELL: "sale",
    PERFORM: "performance",
    CREDITS: "credit",
}
ALL = [{"kind": kind, **BODIES[path]} for path, kind in KINDS.items()]


def lines(items: list[Any]) -> bytes:
    """The items as NDJSON; bytes stay as they are."""
    return b"\n".join(
        item if isinstance(item, bytes) else msgspec.json.encode(item) for item in items
    )


async def post_lines(service: Service, items: list[Any]) -> tuple[int, Any]:
    """Post a batch as NDJSON."""
    response = await service.service().raw(
        "POST", BATCH, data=lines(items), headers={"Content-Type": "application/x-ndjson"}
    )
    return response.status, await response.json()


async def test_events_of_every_kind_go_together(service: Service) -> None:
    answer = await service.service()("POST", BATCH, {"events": ALL})
    assert answer == (200, {"accepted": 5, "duplicates": 0, "rejected": []})
    for kind in KINDS.values():
        assert await events(service, kind, "stored") == 1


async def test_the_same_as_lines(service: Service) -> None:
    answer = await post_lines(service, [*ALL[:2], b"", b"  ", *ALL[2:], b""])
    assert answer == (200, {"accepted": 5, "duplicates": 0, "rejected": []})


async def test_duplicates_inside_and_across_batches_count_once(service: Service) -> None:
    event = ALL[0]
    key = service.service()
    assert await key("POST", BATCH, {"events": [event, event]}) == (
        200,
        {"accepted": 1, "duplicates": 1, "rejected": []},
    )
    answer = await key("POST", BATCH, {"events": [event, {**event, "requestId": "r2"}]})
    assert answer == (200, {"accepted": 1, "duplicates": 1, "rejected": []})
    assert service.metrics.value(catalogue.AI_REQUESTS_STARTED, ("gpt-4o", "", "")) == 2
    assert await events(service, "ai_request", "duplicate") == 2


async def test_a_bad_event_spoils_none_of_its_neighbours(service: Service) -> None:
    bad = [
        {"kind": "ai_request", "requestId": "r9"},
        {"kind": "gift"},
        {"requestId": "r9"},
        7,
        {**ALL[3], "service": "exporter"},
        {"kind": "system_sample"},
        {**ALL[1], "timestamp": "1999-01-01"},
    ]
    status, answer = await service.service()("POST", BATCH, {"events": [ALL[0], *bad, ALL[2]]})
    assert (status, answer["accepted"], answer["duplicates"]) == (200, 2, 0)
    assert [(entry["index"], entry["error"]) for entry in answer["rejected"]] == [
        (index, "validation_error") for index in range(1, 8)
    ]
    paths = [[problem["path"] for problem in entry["details"]] for entry in answer["rejected"]]
    assert paths == [["model"], ["kind"], ["kind"], [""], ["service"], ["kind"], ["timestamp"]]
    assert await events(service, "unknown", "invalid") == 4


async def test_what_no_engine_can_store_spoils_none_of_its_neighbours(service: Service) -> None:
    unfit = {**ALL[0], "requestId": "r9", "metadata": {"a": 2**63}}
    status, answer = await service.service()("POST", BATCH, {"events": [ALL[0], unfit, ALL[2]]})
    assert (status, answer["accepted"]) == (200, 2)
    [entry] = answer["rejected"]
    assert (entry["index"], entry["error"]) == (1, "validation_error")
    assert [problem["path"] for problem in entry["details"]] == ["metadata.a"]


async def test_a_large_batch_is_read_event_by_event_with_the_same_outcome(
    service: Service,
) -> None:
    response = "x" * (DECODED_BYTES // 64)
    many = [{**ALL[0], "requestId": str(n), "response": response} for n in range(80)]
    many[40]["model"] = 7
    status, answer = await service.service()("POST", BATCH, {"events": many})
    assert (status, answer["accepted"], answer["duplicates"]) == (200, 79, 0)
    assert [entry["index"] for entry in answer["rejected"]] == [40]
    del many[40]
    answer = await service.service()("POST", BATCH, {"events": many})
    assert answer == (200, {"accepted": 0, "duplicates": 79, "rejected": []})


async def test_bad_lines_spoil_none_of_their_neighbours(service: Service) -> None:
    bad = [b"{", b'{"kind": "credit", "featureName": "\xff"}', b"[" * 50_000, b"null"]
    status, answer = await post_lines(service, [ALL[0], *bad, ALL[2]])
    assert (status, answer["accepted"]) == (200, 2)
    assert [entry["index"] for entry in answer["rejected"]] == [1, 2, 3, 4]


async def test_anothers_tenant_is_refused_for_that_event_only(service: Service) -> None:
    other = {**ALL[0], "tenantId": "other"}
    status, answer = await service.service("bound-key")(
        "POST", BATCH, {"events": [other, {**ALL[0], "requestId": "r2"}]}
    )
    assert (status, answer["accepted"]) == (200, 1)
    [entry] = answer["rejected"]
    assert (entry["index"], entry["error"]) == (0, "forbidden")
    assert [problem["path"] for problem in entry["details"]] == ["tenantId"]


@pytest.mark.parametrize(
    "body",
    [{}, {"events": {}}, {"events": [], "more": 1}, [], {"events": [ALL[1]] * 1001}],
)
async def test_what_is_no_batch(service: Service, body: object) -> None:
    status, answer = await service.service()("POST", BATCH, body)
    assert (status, answer["error"]) == (400, "validation_error")
    assert answer["details"]


async def test_a_thousand_events_are_a_batch(service: Service) -> None:
    many = [{**ALL[1], "eventId": str(number)} for number in range(1000)]
    answer = await service.service()("POST", BATCH, {"events": many})
    assert answer == (200, {"accepted": 1000, "duplicates": 0, "rejected": []})


async def test_an_empty_batch_is_fine(service: Service) -> None:
    answer = await service.service()("POST", BATCH, {"events": []})
    assert answer == (200, {"accepted": 0, "duplicates": 0, "rejected": []})


async def test_events_in_a_batch_are_the_callers(service: Service) -> None:
    await service.user("ada", plan="pro")("POST", BATCH, {"events": [ALL[0]]})
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert (kept.user_id, kept.user_plan) == ("ada", "pro")
