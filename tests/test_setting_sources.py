"""Settings from files, and the settings of alerts."""

from pathlib import Path
from typing import Any

import pytest

from exporter.setting_sources import LONGEST
from exporter.settings import SettingError, Settings, declared


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


@pytest.mark.parametrize("name", [one.variable for one in declared() if one.secret])
def test_every_secret_may_be_in_a_file(name: str, tmp_path: Path) -> None:
    text = {
        "MONGODB_URI": "mongodb://a/b",
        "REDIS_URL": "redis://a",
        "API_KEYS": "web:key",
        "SMTP_URL": "smtp://a",
    }.get(name, "https://a.example/b")
    path = tmp_path / "secret"
    path.write_text(f" {text}\n")
    assert read(**{f"{name}_FILE": str(path)}) == read(**{name: text}) != Settings()


def test_nothing_but_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("80")
    assert read(PORT_FILE=str(path)) == Settings()


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="JWT_SECRET and JWT_SECRET_FILE are both set"):
        read(JWT_SECRET="a", JWT_SECRET_FILE=str(tmp_path / "b"))


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch()
    assert read(JWT_SECRET_FILE=str(path), API_KEY_FILE="  ") == Settings()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(SettingError, match=rf"API_KEY_FILE='{missing}' cannot be read: No such"):
        read(API_KEY_FILE=str(missing))
    with pytest.raises(SettingError, match="Is a directory"):
        read(API_KEY_FILE=str(tmp_path))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="is not text in UTF-8"):
        read(API_KEY_FILE=str(binary))


def test_only_the_beginning_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x" * (LONGEST + 1))
    assert len(read(API_KEY_FILE=str(path)).api_key or "") == LONGEST


def test_a_bad_value_in_a_file_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("ftp://s3cr3t")
    with pytest.raises(SettingError) as refused:
        read(SLACK_WEBHOOK_URL_FILE=str(path))
    assert "s3cr3t" not in str(refused.value)
    assert "SLACK_WEBHOOK_URL" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SMTP_URL", "smtp://mail.example:587", "smtp://mail.example:587"),
        ("SMTP_URL", "smtps://me:p%40ss@mail.example", "smtps://me:p%40ss@mail.example"),
        ("ALERT_EMAIL_FROM", "me@a.example", "me@a.example"),
        ("ALERT_EMAIL_TO", "a@a.example, b@b.example,", ("a@a.example", "b@b.example")),
        ("STORE_ALERTS", "OFF", "off"),
        ("ALERT_NOTIFICATIONS", "on", "on"),
    ],
)
def test_settings_of_alerts_are_read(name: str, text: str, value: Any) -> None:
    assert getattr(read(**{name: text}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://me@:25"),
        ("SMTP_URL", "smtp://mail.example:0"),
        ("SMTP_URL", "smtp://mail.example:port"),
        ("SMTP_URL", "smtp://mail.example/path"),
        ("SMTP_URL", "http://mail.example"),
        ("ALERT_EMAIL_FROM", "Meter <m@a.example>"),
        ("ALERT_EMAIL_FROM", "a@b@c"),
        ("ALERT_EMAIL_TO", "a@a.example,b"),
        ("ALERT_EMAIL_TO", "a@a.example\r\nBcc: b@b.example"),
        ("STORE_ALERTS", "perhaps"),
        ("STORE_ALERTS_SECONDS", "0"),
        ("NO_EVENTS_MINUTES", "1"),
        ("SLACK_WEBHOOK_URL", "hooks.slack.example"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=name):
        read(**{name: text})
