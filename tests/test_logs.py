"""Logging: its two looks, its levels, its file, and what it never shows."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exporter import logs
from exporter.logs import ANSWERING
from exporter.settings import SettingError, Settings
from exporter.web.envelope import Envelope


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    shown = warnings.showwarning
    yield
    logging.captureWarnings(False)
    warnings.showwarning = shown
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    structlog.reset_defaults()


def lines(settings: Settings, *calls) -> list[dict]:
    """What `calls`, given a fresh logger, log as JSON."""
    stream = io.StringIO()
    logs.configure(settings, stream)
    log = structlog.get_logger("exporter.part")
    for call in calls:
        call(log)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(message: str) -> None:
    raise ConnectionError(message)


JSON = Settings(log_format="json")


def test_a_line_has_its_time_level_logger_and_values():
    (line,) = lines(JSON, lambda log: log.info("batch_written", events=3))
    assert line["event"] == "batch_written"
    assert line["level"] == "info"
    assert line["logger"] == "exporter.part"
    assert line["events"] == 3
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("settings", "is_json"),
    [
        (Settings(), False),
        (Settings(app_env="test"), False),
        (Settings(app_env="production"), True),
        (Settings(app_env="production", log_format="console"), False),
        (Settings(log_format="json"), True),
    ],
)
def test_development_logs_for_people_and_production_json(settings, is_json):
    stream = io.StringIO()
    logs.configure(settings, stream)
    structlog.get_logger("exporter.part").info("started")
    assert stream.getvalue().startswith("{") is is_json
    assert "started" in stream.getvalue()


def test_a_level_below_the_setting_is_not_logged():
    settings = Settings(log_format="json", log_level="warning")
    logged = lines(
        settings,
        lambda log: log.debug("d"),
        lambda log: log.info("i"),
        lambda log: log.warning("w"),
        lambda log: log.error("e"),
        lambda log: logging.getLogger("somebody").info("i"),
    )
    assert [line["event"] for line in logged] == ["w", "e"]


def test_the_context_of_a_request_is_in_its_lines():
    envelope = Envelope("GET", "r-1", None)
    answering = ANSWERING.set(envelope)
    try:
        [unknown] = lines(JSON, lambda log: log.info("mine"))
        envelope.caller = "admin"
        logged = lines(
            JSON,
            lambda log: log.info("mine"),
            lambda log: logging.warning("theirs"),
            lambda log: log.info("of another", request_id="r-2"),
        )
    finally:
        ANSWERING.reset(answering)
    assert "caller" not in unknown
    assert [(line["request_id"], line["caller"]) for line in logged] == [
        ("r-1", "admin"),
        ("r-1", "admin"),
        ("r-2", "admin"),
    ]
    [outside] = lines(JSON, lambda log: log.info("mine"))
    assert "request_id" not in outside


def test_the_standard_library_ends_in_the_same_renderer():
    (line,) = lines(JSON, lambda log: logging.getLogger("aiohttp.server").error("lost %s", "it"))
    assert (line["event"], line["logger"], line["level"]) == ("lost it", "aiohttp.server", "error")


def test_talkative_libraries_are_kept_to_warnings_even_at_debug():
    settings = Settings(log_format="json", log_level="debug")
    logged = lines(
        settings,
        lambda log: logging.getLogger("aiohttp.access").info("GET /metrics"),
        lambda log: logging.getLogger("pymongo.command").debug("insert prompt"),
        lambda log: logging.getLogger("pymongo.command").warning("slow"),
        lambda log: log.debug("ours"),
    )
    assert [line["event"] for line in logged] == ["slow", "ours"]


def test_a_warning_of_python_becomes_a_line():
    def warn(log):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)  # past what catch_warnings itself put there
            warnings.warn("old call", UserWarning, stacklevel=1)

    (line,) = lines(JSON, warn)
    assert "old call" in line["event"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_shown_without_its_local_variables(log_format):
    stream = io.StringIO()
    logs.configure(Settings(log_format=log_format), stream)
    hidden = "kept" + "-hidden"
    try:
        fail("no such thing")
    except ConnectionError:
        structlog.get_logger("exporter.part").exception("failed")
    assert "ConnectionError: no such thing" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert hidden not in stream.getvalue()


SECRETS = {
    "token": "s3cr3t",
    "Authorization": "s3cr3t",
    "X-API-Key": "s3cr3t",
    "api_keys": ["s3cr3t"],
    "secret": b"s3cr3t",
    "password": "s3cr3t",
    "prompt": "s3cr3t",
    "response": {"text": "s3cr3t"},
    "mongodb_uri": "mongodb://me:s3cr3t@db/meter",
    "redis_url": "redis://:s3cr3t@cache:6379/0",
    "header": "Bearer s3cr3t.s3cr3t-s3cr3t",
    "error": ValueError("redis://me:s3cr3t@cache"),
    "nested": {"list": [{"password": "s3cr3t"}, ("Bearer s3cr3t",)]},
    "deep": {"a": {"b": {"c": {"d": {"e": "s3cr3t"}}}}},
}


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_is_never_shown(key, log_format):
    stream = io.StringIO()
    logs.configure(Settings(log_format=log_format), stream)
    structlog.get_logger("exporter.part").info("said", **{key: SECRETS[key]})
    assert "said" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_a_secret_in_an_exception_or_in_a_librarys_message_is_not_shown():
    stream = io.StringIO()
    logs.configure(JSON, stream)
    try:
        fail("mongodb://me:s3cr3t@db refused")
    except ConnectionError:
        structlog.get_logger("exporter.part").exception("failed")
    logging.getLogger("redis").error("cannot reach redis://:s3cr3t@cache")
    assert "@db refused" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_what_is_no_secret_is_kept_as_it_is():
    values = {
        "tokens": 12,
        "token": None,
        "share": 0.5,
        "names": ["a", "b"],
        "url": "https://example.com/a:b@c",
        "path": Path("data/a"),
        "inner": {1: "one", "ok": True},
    }
    (line,) = lines(JSON, lambda log: log.info("said", **values))
    assert {name: line[name] for name in values} == {
        **values,
        "path": "data/a",
        "inner": {"1": "one", "ok": True},
    }


def test_a_newline_in_a_value_cannot_forge_a_line():
    stream = io.StringIO()
    logs.configure(Settings(), stream)
    structlog.get_logger("exporter.part").info("said", name="a\n2026-01-01 [error] forged")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_log_file_gets_the_same_lines_without_colours(tmp_path):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    path, stream = tmp_path / "log", Terminal()
    logs.configure(Settings(log_file=path), stream)
    structlog.get_logger("exporter.part").info("started", part=1)
    assert "\x1b[" in stream.getvalue()
    assert "started" in path.read_text()
    assert "\x1b[" not in path.read_text()


def test_a_log_file_is_rotated_and_five_old_ones_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 1_000)
    logs.configure(Settings(log_file=tmp_path / "log", log_format="json"), io.StringIO())
    log = structlog.get_logger("exporter.part")
    for number in range(200):
        log.info("line", number=number)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2", "log.3", "log.4", "log.5"]
    assert all(path.stat().st_size <= 1_000 for path in tmp_path.iterdir())
    assert '"number": 199' in (tmp_path / "log").read_text()


def test_a_log_file_that_cannot_be_written_names_the_setting(tmp_path):
    missing = tmp_path / "missing" / "log"
    with pytest.raises(SettingError, match=r"^LOG_FILE=.*missing/log.*No such file"):
        logs.configure(Settings(log_file=missing), io.StringIO())


def test_the_last_configuration_counts(tmp_path):
    first, second = io.StringIO(), io.StringIO()
    logs.configure(Settings(log_file=tmp_path / "log"), first)
    logs.configure(JSON, second)
    structlog.get_logger("exporter.part").info("once")
    assert first.getvalue() == ""
    assert (tmp_path / "log").read_text() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_without_a_stream_it_is_standard_error(capsys):
    logs.configure(JSON)
    structlog.get_logger("exporter.part").info("started")
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["event"] == "started"
