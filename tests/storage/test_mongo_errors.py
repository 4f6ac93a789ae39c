"""What the driver raises, in words of the service."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from exporter.errors import Unavailable
from exporter.storage.base import StoreUnavailable
from exporter.storage.mongo_errors import described, reading, refusals, unavailable


def failure(*codes: int, concern: bool = False) -> BulkWriteError:
    """What the driver raises for a batch whose operations failed with these codes."""
    errors = [{"index": index, "code": code} for index, code in enumerate(codes)]
    details = {"writeErrors": errors, "writeConcernErrors": [{"code": 64}] if concern else []}
    return BulkWriteError(details)


def test_what_is_final_is_told_by_position() -> None:
    assert refusals(failure(11000, 121, 2)) == {0: 11000, 1: 121, 2: 2}


@pytest.mark.parametrize(
    "error", [failure(11000, concern=True), failure(121, 11600), failure(112), failure(50)]
)
def test_what_may_pass_leaves_the_batch_open(error: BulkWriteError) -> None:
    with pytest.raises(BulkWriteError):
        refusals(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationFailure("key: { userId: 'ada' }", 13), "OperationFailure (code 13)"),
        (failure(50, 11000, 50, concern=True), "BulkWriteError (codes 50, 64, 11000)"),
        (
            ServerSelectionTimeoutError("db-1:27017: timed out (configured timeouts: 1), Timeout"),
            "ServerSelectionTimeoutError: db-1:27017: timed out",
        ),
        (AutoReconnect("x" * 1_000), "AutoReconnect: " + "x" * 300),
    ],
)
def test_errors_are_told_without_the_data_that_servers_quote(
    error: PyMongoError, words: str
) -> None:
    assert described(error) == words


@pytest.mark.parametrize("error", [AutoReconnect("gone"), OperationFailure("no", 13), failure(50)])
def test_whatever_the_driver_raises_is_unavailable(error: PyMongoError) -> None:
    with pytest.raises(StoreUnavailable, match="could not write") as raised, unavailable("write"):
        raise error
    assert raised.value.__cause__ is error


def test_a_query_that_is_out_of_time_is_told_from_a_server_that_is_gone() -> None:
    for error in (ExecutionTimeout("", 50), OperationFailure("", 262)):
        with pytest.raises(Unavailable, match="longer than 7 ms"), reading(7):
            raise error
    with pytest.raises(StoreUnavailable), reading(7):
        raise AutoReconnect("gone")
    with pytest.raises(Unavailable, match="Too many"), reading(7):
        raise Unavailable("Too many queries")
