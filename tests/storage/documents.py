"""Documents for the tests: plain ones by hand, and random ones of any schema."""

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from exporter.family import Family, attribute_of, nested_struct
from exporter.fields import Moment, Money
from exporter.records.ai_request import AiRequest
from exporter.records.credit import Credit
from exporter.records.engagement import Engagement
from exporter.records.sale import Sale
from exporter.storage.base import Insert, Outcome, Store

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)  # a Sunday
TENANT = "acme"


def minutes(number: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=number)


def ai(key: str, **fields: Any) -> AiRequest:
    """An AI request at noon."""
    known = {"request_id": key, "tenant_id": TENANT, "model": "gpt", "created_at": NOON}
    return AiRequest(**{**known, **fields})


def sale(key: str, amount: str = "1", **fields: Any) -> Sale:
    """A completed purchase at noon."""
    known = {
        "transaction_id": key,
        "tenant_id": TENANT,
        "type": "purchase",
        "amount": Money(amount),
        "status": "completed",
        "created_at": NOON,
    }
    return Sale(**{**known, **fields})


def event(key: str, **fields: Any) -> Engagement:
    """An engagement event at noon."""
    known = {
        "event_id": key,
        "tenant_id": TENANT,
        "event": "click",
        "session_id": "s",
        "timestamp": NOON,
    }
    return Engagement(**{**known, **fields})


def credit(key: str, **fields: Any) -> Credit:
    """A use of one credit at noon."""
    known = {
        "usage_id": key,
        "tenant_id": TENANT,
        "feature_name": "chat",
        "credits_used": 1.0,
        "created_at": NOON,
    }
    return Credit(**{**known, **fields})


HourOfModel = msgspec.defstruct(
    "HourOfModel",
    [
        ("tenant_id", str, msgspec.field(name="tenantId")),
        ("id", str),
        ("time", Moment),
        ("model", str | None, None),
        ("n", int, 0),
        ("tokens_input_sum", int | None, None),
        ("cost_sum", float | None, None),
        ("amount_sum", Money | None, None),
        ("users_sketch", bytes | None, None),
    ],
)
"""What is derived of the AI requests of an hour: made of a table, as such documents are."""

DERIVED = Family(
    kind="hour_of_model",
    collection="hours_of_models",
    body=HourOfModel,
    document=HourOfModel,
    key="id",
    time_field="time",
    retention="metrics_retention_days",
    dimensions=("model", "users_sketch"),
    measures=("n", "tokens_input_sum", "cost_sum", "amount_sum"),
    mirror=lambda before, after, out: None,
)
"""A family without revisions, which is put and not written."""


def derived(key: str, **fields: Any) -> Any:
    """What is derived of the hour from noon."""
    return HourOfModel(**{"tenant_id": TENANT, "id": key, "time": NOON, **fields})


async def keep(store: Store, family: Family, *documents: Any) -> None:
    """Store new documents; every one of them must be."""
    outcomes = await store.write([Insert(family, document) for document in documents])
    assert outcomes == [Outcome.STORED] * len(documents)


TIMES = st.datetimes(datetime(1965, 1, 1), datetime(2099, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
AMOUNTS = st.integers(0, 10**18).map(lambda units: Money(Decimal(units).scaleb(-6)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_letters + "$._ é", max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
MAPS = st.dictionaries(st.text(string.ascii_letters + "$._ é", max_size=5), JSON, max_size=3)


def documents(family: Family, key: str) -> st.SearchStrategy[Any]:
    """Any document of a family, with that key."""
    own = {
        attribute_of(family.document, "tenantId"): st.just(TENANT),
        family.key_attribute: st.just(key),
        family.time_attribute: TIMES,
    }
    return _structs(family.document, own)


def _structs(schema: type[Any], own: dict[str, Any]) -> st.SearchStrategy[Any]:
    fields = {part.name: _values(part.type) for part in msgspec.structs.fields(schema)}
    return st.builds(schema, **{**fields, **own})


def _values(kind: Any) -> st.SearchStrategy[Any]:
    inner = nested_struct(kind)
    if inner is None:
        return _of(inspect.type_info(kind))
    structs = _structs(inner, {})
    return structs | st.none() if type(None) in getattr(kind, "__args__", ()) else structs


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.Metadata(type=inner):
            return _of(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_of(part) for part in types])
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.ListType(item_type=item):
            return st.lists(_of(item), max_size=3)
    return _SIMPLE[type(info)]


_SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.NoneType: st.none(),
    inspect.StrType: TEXTS,
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.FloatType: NUMBERS.map(abs),
    inspect.BoolType: st.booleans(),
    inspect.BytesType: st.binary(max_size=20),
    inspect.DateTimeType: TIMES,
    inspect.CustomType: AMOUNTS,
    inspect.DictType: MAPS,
}
