"""What the tests of reading calls share: a few events, and who asks about them."""

from typing import Any

from ..conftest import Service

BATCH = "/api/events/batch"
YESTERDAY = "2026-03-14T12:00:00Z"
"""A day before the clock of the tests."""


async def post(service: Service, kind: str, *events: dict[str, Any]) -> None:
    """Post events of one kind with a service key; all must be accepted."""
    status, answer = await service.service()(
        "POST", BATCH, {"events": [{"kind": kind, **event} for event in events]}
    )
    assert (status, answer["rejected"]) == (200, [])
    assert answer["accepted"] == len(events)


async def counts(service: Service, path: str, *where: str) -> dict[str, Any]:
    """What each caller reads at `path`: the value at the end of the keys `where`.

    Everybody else's question of Ada's numbers is asked as well; a refusal is its status.
    """
    found = {}
    for name, caller, asked in (
        ("ada", service.user("ada"), path),
        ("bob", service.user("bob"), path),
        ("bob asks for ada", service.user("bob"), f"{path}userId=ada"),
        ("admin", service.admin(), path),
        ("admin asks for ada", service.admin(), f"{path}userId=ada"),
        ("stranger", service.admin(tenant="globex"), path),
        ("stranger asks for ada", service.admin(tenant="globex"), f"{path}userId=ada"),
        ("service", service.service(), path),
    ):
        status, answer = await caller("GET", asked)
        found[name] = _at(answer, where) if status == 200 else status
    return found


def _at(answer: Any, where: tuple[str, ...]) -> Any:
    for key in where:
        answer = answer[key]
    return len(answer) if isinstance(answer, list) else answer
