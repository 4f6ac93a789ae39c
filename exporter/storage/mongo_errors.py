"""What MongoDB's errors mean to the service: wait, ask for less, or give up one document."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from ..errors import Unavailable
from .base import StoreUnavailable

DUPLICATE_KEY = frozenset({11000, 11001, 12582})

OUT_OF_TIME = frozenset({50, 262})
"""MaxTimeMSExpired, ExceededTimeLimit."""

PASSING = OUT_OF_TIME | frozenset(
    {
        1,  # InternalError
        6,  # HostUnreachable
        7,  # HostNotFound
        24,  # LockTimeout
        63,  # StaleShardVersion
        64,  # WriteConcernFailed
        79,  # UnknownReplWriteConcern
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        100,  # UnsatisfiableWriteConcern
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        150,  # StaleEpoch
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        9001,  # SocketException
        10058,  # NotPrimary, of old
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
        16908292,  # a deadlock, in DocumentDB
    }
)
"""Errors of one operation in a batch that are none of its own fault, and may pass."""


@contextmanager
def unavailable(doing: str) -> Iterator[None]:
    """Turns whatever the driver raises within into StoreUnavailable: no server to be found, not
    primary any more, out of time, no connection left, killed, shutting down, not allowed."""
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable(f"MongoDB could not {doing}: {described(error)}") from error


@contextmanager
def reading(timeout_ms: int) -> Iterator[None]:
    """The same for a query, but Unavailable for one that took longer than `timeout_ms`."""
    try:
        with unavailable("read"):
            yield
    except StoreUnavailable as error:
        cause = error.__cause__
        if isinstance(cause, OperationFailure) and cause.code in OUT_OF_TIME:
            raise Unavailable(
                f"The query took longer than {timeout_ms} ms; ask for a shorter range."
            ) from cause
        raise


def refusals(error: BulkWriteError) -> dict[int, int]:
    """The error codes of the operations that a batch failed for, by their position in it.

    Raises the error again where it does not settle what became of every operation.
    """
    errors, concerns = _of_batch(error)
    found = {int(one["index"]): int(one["code"]) for one in errors}
    if concerns or PASSING.intersection(found.values()):
        raise error
    return found


def _of_batch(error: BulkWriteError) -> tuple[Sequence[Any], Sequence[Any]]:
    """The errors of single operations, and those of what the batch had to wait for."""
    details: Mapping[str, Any] = error.details or {}
    return details.get("writeErrors", ()), details.get("writeConcernErrors", ())


def described(error: PyMongoError) -> str:
    """The error for a log. What a server says may quote the data: of that, only the code."""
    if isinstance(error, BulkWriteError):
        codes = {one.get("code") for errors in _of_batch(error) for one in errors}
        return f"{type(error).__name__} (codes {', '.join(map(str, sorted(codes)))})"
    if isinstance(error, OperationFailure):
        return f"{type(error).__name__} (code {error.code})"
    words, _, _ = str(error).partition(" (configured timeouts")
    return f"{type(error).__name__}: {words:.300}"
