"""docs/mongodb.md says what the code does."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.family import Family
from exporter.records import FAMILIES
from exporter.storage import mongo, mongo_client, mongo_documents, mongo_schema, mongo_writes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mongodb.md").read_text()
DRIVER = re.compile(r"^\s*(?:from|import) (motor|pymongo|bson)\b", re.MULTILINE)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_every_collection_is_described(family: Family) -> None:
    (row,) = re.findall(rf"^\| `{family.collection}` \|.*$", PAGE, re.MULTILINE)
    told = re.findall(r"`(\w+)`", row)
    assert told == [family.collection, family.key, family.time_field, family.retention.upper()]


def test_every_kind_of_index_is_described() -> None:
    assert "A family may declare more" in PAGE
    for family in FAMILIES:
        layout = mongo_documents.Layout.of(replace(family, indexes=()))
        for index in mongo_schema.indexes(layout, timedelta(days=1)):
            keys = ", ".join(f"{field}: {direction}" for field, direction in index.keys)
            named = keys.replace(family.key, "<key>").replace(family.time_field, "<time>")
            assert f"`{{{named}}}`" in PAGE


def test_every_collection_of_the_services_own_is_named() -> None:
    assert f"`{mongo_schema.LAYOUTS}`" in PAGE
    assert f"`{mongo.PINGS}`" in PAGE


def test_its_numbers_are_those_of_the_code() -> None:
    assert mongo_writes.KEPT_CHANGES == 10
    assert "last ten that changed it" in PAGE
    assert f"`{mongo_documents.PUT}`" in PAGE
    assert f"nested more than {mongo_documents.DEEPEST} deep" in PAGE.replace("\n  ", " ")
    assert f"`connectTimeoutMS` ({mongo_client.CONNECT_MS // 1000} s)" in PAGE
    assert f"`serverSelectionTimeoutMS` ({mongo_client.SELECTION_MS // 1000} s)" in PAGE
    assert f"`waitQueueTimeoutMS` ({mongo_client.WAIT_QUEUE_MS // 1000} s)" in PAGE


def test_the_driver_is_used_in_the_engine_only_and_motor_in_one_module() -> None:
    package = ROOT / "exporter"
    uses = {
        path.relative_to(package).as_posix(): set(DRIVER.findall(path.read_text()))
        for path in package.rglob("*.py")
    }
    users = {name for name, drivers in uses.items() if drivers}
    assert users == {name for name in users if name.startswith("storage/mongo")}
    motors = [name for name, drivers in uses.items() if "motor" in drivers]
    assert motors == ["storage/mongo_client.py"]
