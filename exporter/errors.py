"""What can go wrong with a call, as exceptions that name the error of the HTTP contract.

Every layer raises these; one place (web/errors.py) turns them into the one error shape.
"""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input: where (`tokens.input`) and what."""

    path: str
    problem: str


class MeterhouseError(Exception):
    """A failure that has a code in the HTTP contract.

    `message` is shown to the caller: one sentence, without secrets or an exception's text.
    """

    code = "internal_error"
    status = 500

    def __init__(self, message: str, details: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class Invalid(MeterhouseError):
    """The input does not fit its schema; `details` names every problem found."""

    code = "validation_error"
    status = 400

    @classmethod
    def field(cls, path: str, problem: str) -> "Invalid":
        """The error for one field."""
        return cls.of([Problem(path, problem)])

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "Invalid":
        """The error for all `problems`, with the first in its message."""
        first = problems[0]
        where = f"{first.path}: " if first.path else ""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return cls(f"{where}{first.problem}{more}", problems)


class Unauthorized(MeterhouseError):
    """Nobody we know is calling. `reason` is a fixed label value, for the metric only."""

    code = "unauthorized"
    status = 401

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(MeterhouseError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class NotFound(MeterhouseError):
    """There is no such record, or none that the caller may know of."""

    code = "not_found"
    status = 404


class Conflict(MeterhouseError):
    """The record exists already, or cannot take this step."""

    code = "conflict"
    status = 409


class TooLarge(MeterhouseError):
    """The body is larger than the contract allows."""

    code = "payload_too_large"
    status = 413


class UnsupportedMediaType(MeterhouseError):
    """The body is not of a type that this call reads."""

    code = "unsupported_media_type"
    status = 415


class RateLimited(MeterhouseError):
    """The caller has used up its calls; more are allowed in `reset` seconds.

    `kind` is a fixed label value, for the metric only: which limit it was.
    """

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, limit: int, reset: int, kind: str = "address") -> None:
        super().__init__(message)
        self.limit = limit
        self.reset = reset
        self.kind = kind


class Unavailable(MeterhouseError):
    """Something this call needs cannot be had just now; try again in `retry_after` seconds."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
