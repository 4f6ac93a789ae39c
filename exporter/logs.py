"""Logging: one line an event, for a person in development and as JSON in production.

structlog and the standard library's loggers (aiohttp, asyncio, the database drivers) end in the
same renderer, so that every line has the same fields. What is logged should hold no secret in the
first place; the redaction here is the second line of defence.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .settings import SettingError, Settings

FILE_BYTES = 10 * 1024 * 1024
OLD_FILES = 5
REDACTED = "[redacted]"

_SECRET_KEYS = frozenset(
    {
        "api_key",
        "api_keys",
        "authorization",
        "cookie",
        "jwt_secret",
        "metrics_token",
        "password",
        "prompt",
        "response",
        "secret",
        "token",
        "x_api_key",
    }
)
_SECRET_TEXT = (
    (re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)"), REDACTED),  # user:password of an address
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]+"), rf"\1 {REDACTED}"),
)
# Below `warning` these log every call or run, and pymongo at `debug` whole documents, prompts too.
_TALKATIVE = ("aiohttp.access", "apscheduler", "asyncio", "pymongo")
_DEPTH = 4


class Answered(Protocol):
    """A call that is being answered, as log lines name it: its id, and who calls, once known."""

    request_id: str
    caller: str | None


ANSWERING: ContextVar[Answered | None] = ContextVar("answering", default=None)
"""The call that what is done now belongs to.

One variable for all of it: each name that structlog binds takes some 2 µs, at every call.
"""


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send all logging to `stream` (standard error), and to LOG_FILE where that is set.

    May be called again; the last call counts. Raises SettingError for a LOG_FILE that cannot be
    written.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    out = stream or sys.stderr
    json = (settings.log_format or ("json" if settings.production else "console")) == "json"
    handlers: list[logging.Handler] = [logging.StreamHandler(out)]
    handlers[0].setFormatter(_formatter(_renderer(json=json, colors=out.isatty())))
    if settings.log_file is not None:
        handlers.append(_file(settings.log_file))
        handlers[1].setFormatter(_formatter(_renderer(json=json, colors=False)))
    _replace_handlers(handlers)
    logging.getLogger().setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def name_call(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Say which call a line belongs to, and who calls, where the line does not say it itself."""
    call = ANSWERING.get()
    if call is not None:
        event.setdefault("request_id", call.request_id)
        if call.caller is not None:
            event.setdefault("caller", call.caller)
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Put `[redacted]` in the place of values whose key, or whose own look, says secret."""
    for key, value in event.items():
        if key[:1] != "_":  # the stdlib record that structlog carries along
            event[key] = _clean(key, value, _DEPTH)
    return event


def _clean(key: object, value: Any, depth: int) -> Any:
    """`value` without what is secret in it; what is no JSON becomes text, as far as it is shown."""
    if isinstance(key, str) and key.lower().replace("-", "_") in _SECRET_KEYS:
        return None if value is None else REDACTED
    if value is None or isinstance(value, int | float):
        return value
    if not depth:
        return REDACTED
    if isinstance(value, Mapping):
        return {name: _clean(name, inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(None, inner, depth - 1) for inner in value]
    text = repr(value) if isinstance(value, BaseException) else str(value)
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _shared() -> list[Processor]:
    """What is done to every line, whichever library it comes from.

    Exceptions become text before redaction: a traceback has no local variables in it, but the
    exception's message may hold an address.
    """
    return [
        name_call,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]


def _formatter(renderer: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _renderer(*, json: bool, colors: bool) -> Processor:
    if json:
        return structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.dev.ConsoleRenderer(
        colors=colors,
        exception_formatter=structlog.dev.plain_traceback,  # the default may show local variables
        repr_native_str=True,  # a newline in a value cannot forge a line
    )


def _file(path: Path) -> logging.Handler:
    try:
        return RotatingFileHandler(
            path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        raise SettingError(
            f"LOG_FILE={str(path)!r} is not a file that can be written: {error.strerror}."
        ) from error


def _replace_handlers(handlers: list[logging.Handler]) -> None:
    """Put `handlers` in the place of those of an earlier call, and of no others."""
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
            old.close()
    for new in handlers:
        root.addHandler(new)
