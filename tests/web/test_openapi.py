"""The OpenAPI document: valid, complete, and true to what the routes declare."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from exporter.web.openapi import document
from exporter.web.route import NDJSON, Access, Call, NoQuery, Route
from exporter.web.routes import all_routes

from ..conftest import Service


class Thing(msgspec.Struct, rename="camel"):
    """A thing."""

    thing_id: str
    size: int = 0


class Circle(msgspec.Struct, tag="circle"):
    """A round thing."""


class Square(msgspec.Struct, tag="square"):
    """A thing with corners."""


class Things(msgspec.Struct):
    """Many things."""

    things: Annotated[list[Circle | Square], msgspec.Meta(max_length=1_500)]


class ThingQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which things."""

    order_by: Literal["size", "age"]
    user_id: Annotated[str, msgspec.Meta(max_length=5, description="Whose.")] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = 10
    near: int | str | None = None


async def nothing(call: Call[Any]) -> None:
    """Never called: the document is made of what the routes declare."""


def route(**declared: Any) -> Route:
    """A route with nothing remarkable but what is `declared`."""
    plain: dict[str, Any] = {
        "method": "GET",
        "path": "/api/things",
        "summary": "Things.",
        "tag": "Things",
        "handle": nothing,
    }
    return Route(**plain | declared)


def operation(**declared: Any) -> dict[str, Any]:
    """What the document says of one route."""
    one = route(**declared)
    made = document([one], "1.2.3")
    validate(made)
    described: dict[str, Any] = made["paths"][one.path][one.method.lower()]
    return described


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    """The document of the real service."""
    return document(all_routes(), "1.2.3")


def test_the_document_of_the_service_is_valid(contract: dict[str, Any]) -> None:
    validate(contract)
    assert contract["info"]["version"] == "1.2.3"


async def test_the_service_serves_the_document_of_all_its_routes(service: Service) -> None:
    status, served = await service.nobody()("GET", "/openapi.json")
    assert status == 200
    app = service.client.app
    assert app is not None
    answered = {
        (one.method.lower(), one.resource.canonical)
        for one in app.router.routes()
        if one.resource is not None and one.method not in {"HEAD", "*"}
    }
    documented = {(method, path) for path, methods in served["paths"].items() for method in methods}
    assert documented == answered
    assert {"/openapi.json", "/docs"} <= served["paths"].keys()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/ai-tracking/track", {"requestId": "r1", "model": "m", "cost": 0.5}),
        ("POST", "/api/ai-tracking/track", {"requestId": "r1", "status": "begun"}),
        ("POST", "/api/events/batch", {"events": [{"kind": "credit"}, {"kind": "no"}]}),
        ("PUT", "/api/ai-tracking/update/unknown", {"status": "completed"}),
        ("GET", "/api/ai-tracking/stats", None),
        ("GET", "/api/ai-tracking/admin/stats", None),
        ("GET", "/api/analytics/admin/sales/stats", None),
        ("GET", "/api/metrics/top-metrics?metric=revenue", None),
        ("GET", "/health", None),
    ],
)
async def test_answers_are_as_the_document_says(
    service: Service, contract: dict[str, Any], method: str, path: str, body: Any
) -> None:
    caller = service.admin()
    sale = {"transactionId": "t", "type": "purchase", "amount": 9.5, "status": "completed"}
    await caller("POST", "/api/analytics/sales/track", sale)
    status, answer = await caller(method, path, body)
    template = path.partition("?")[0].replace("unknown", "{requestId}")
    response = contract["paths"][template][method.lower()]["responses"][str(status)]
    if "$ref" in response:
        response = contract["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": contract["components"]}).validate(answer)


@pytest.mark.parametrize("declared", all_routes(), ids=lambda one: f"{one.method} {one.path}")
def test_every_route_is_described_as_declared(contract: dict[str, Any], declared: Route) -> None:
    described = contract["paths"][declared.path][declared.method.lower()]
    assert described["summary"] == declared.summary
    assert described["tags"] == [declared.tag]
    named = {part["name"] for part in described.get("parameters", ()) if part["in"] == "query"}
    assert named == set(declared.query.__struct_encode_fields__)
    body = described.get("requestBody", {"content": {}})["content"]
    assert set(body) == (set(declared.media) if declared.body is not None else set())
    statuses = {str(status) for status in (*declared.answers, *declared.errors)}
    assert statuses <= described["responses"].keys()


def test_operation_ids_are_unique_and_readable(contract: dict[str, Any]) -> None:
    ids = [one["operationId"] for methods in contract["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids)
    assert {"postAiTrackingTrack", "putAiTrackingUpdateByRequestId", "getHealth"} <= set(ids)


def test_schemas_bear_names_that_people_would_give_them(contract: dict[str, Any]) -> None:
    names = contract["components"]["schemas"].keys()
    assert {"AiRequestTrack", "SaleTrack", "SaleUpdate", "Tokens", "ErrorBody"} <= names
    assert not [name for name in names if not name.isalnum()]
    assert not [name for name in names if name.endswith("Query")]


def test_money_is_a_number_and_a_time_a_time(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]
    assert schemas["SaleTrack"]["properties"]["amount"]["type"] == "number"
    assert schemas["Health"]["properties"]["timestamp"] == {"type": "string", "format": "date-time"}


def test_the_document_is_the_same_in_every_run(contract: dict[str, Any]) -> None:
    program = (
        "import sys, orjson; from exporter.web.openapi import document;"
        "from exporter.web.routes import all_routes;"
        "sys.stdout.buffer.write(orjson.dumps(document(all_routes(), '1.2.3')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert run.stdout == orjson.dumps(contract)


def test_query_parameters_are_the_fields_of_the_query() -> None:
    order, user, limit, near = operation(query=ThingQuery)["parameters"]
    assert order == {
        "name": "orderBy",
        "in": "query",
        "required": True,
        "schema": {"enum": ["age", "size"]},
    }
    assert user == {
        "name": "userId",
        "in": "query",
        "required": False,
        "description": "Whose.",
        "schema": {"type": "string", "maxLength": 5},
    }
    assert limit["schema"] == {"type": "integer", "minimum": 1, "default": 10}
    assert near["schema"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_parameters_of_the_path_come_from_its_template() -> None:
    made = document([route(path=r"/api/things/{thingId:\d+}")], "1")
    validate(made)
    described = made["paths"]["/api/things/{thingId}"]["get"]
    assert described["operationId"] == "getThingsByThingId"
    [parameter] = described["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("thingId", "path", True)


def test_a_body_can_be_bad_and_has_a_limit() -> None:
    described = operation(method="POST", body=Thing, body_limit=2 * 2**20)
    assert described["requestBody"]["description"] == "At most 2 MiB."
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Thing"}
    assert described["responses"]["400"] == {"$ref": "#/components/responses/Invalid"}


def test_a_body_of_lines_describes_one_line() -> None:
    described = operation(method="POST", body=Things, media=(NDJSON,))
    schema = described["requestBody"]["content"][NDJSON]["schema"]
    assert schema["description"] == "One JSON object a line, at most 1,500 lines; each line:"
    assert schema["discriminator"] == {
        "propertyName": "type",
        "mapping": {
            "circle": "#/components/schemas/Circle",
            "square": "#/components/schemas/Square",
        },
    }


@pytest.mark.parametrize(
    ("access", "security", "failures"),
    [
        (Access.PUBLIC, [], set()),
        (Access.METRICS, [{}, {"metricsToken": []}], {"401"}),
        (
            Access.CALLER,
            [{"token": ["user", "admin"]}, {"serviceKey": []}],
            {"401", "403", "429", "503"},
        ),
        (Access.READER, [{"token": ["user", "admin"]}], {"401", "403", "429", "503"}),
        (Access.ADMIN, [{"token": ["admin"]}], {"401", "403", "429", "503"}),
        (
            Access.WEBHOOK,
            [{"token": ["admin"]}, {"serviceKey": []}, {"serviceKeyAsToken": []}],
            {"401", "403", "429", "503"},
        ),
    ],
)
def test_who_may_call_decides_credentials_and_refusals(
    access: Access, security: list[Any], failures: set[str]
) -> None:
    described = operation(access=access)
    assert described["security"] == security
    assert described["responses"].keys() - {"200"} == failures
    assert access.value in described["description"]


def test_failures_say_when_to_try_again(contract: dict[str, Any]) -> None:
    responses = contract["components"]["responses"]
    assert {"Retry-After", "RateLimit-Reset", "X-Request-Id"} <= responses["RateLimited"][
        "headers"
    ].keys()
    assert "Retry-After" in responses["Unavailable"]["headers"]
    assert "Retry-After" not in responses["NotFound"]["headers"]
    assert responses["NotFound"]["description"].startswith("404 `not_found`: ")
    for response in responses.values():
        assert response["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/ErrorBody"
        }


def test_an_answer_of_its_own_takes_the_place_of_the_common_failure() -> None:
    described = operation(answers={200: Thing, 503: Thing}, errors=(503,))
    assert described["responses"]["503"]["description"] == "Service Unavailable"
    assert "$ref" not in described["responses"]["503"]


@pytest.mark.parametrize(
    ("answer", "media"),
    [
        (Thing, "application/json"),
        (dict[str, int], "application/json"),
        (str, "text/plain"),
        (
            Annotated[str, msgspec.Meta(extra_json_schema={"contentMediaType": "text/html"})],
            "text/html",
        ),
    ],
)
def test_an_answer_says_its_media_type(answer: Any, media: str) -> None:
    described = operation(answers={200: answer})
    assert list(described["responses"]["200"]["content"]) == [media]


def test_limited_calls_tell_what_is_left() -> None:
    assert "RateLimit-Remaining" in operation()["responses"]["200"]["headers"]
    public = operation(access=Access.PUBLIC)["responses"]["200"]["headers"]
    assert list(public) == ["X-Request-Id"]


def test_two_routes_of_one_name_are_refused() -> None:
    one = route()
    with pytest.raises(ValueError, match="two routes are getThings"):
        document([one, replace(one, summary="Again.")], "1")


def test_a_call_without_a_query_has_no_parameters() -> None:
    assert "parameters" not in operation(query=NoQuery)
