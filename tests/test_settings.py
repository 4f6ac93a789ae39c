"""Settings: what is read, what is refused and how, and that a secret never shows."""

import ipaddress
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.setting_kinds import ExchangeRate
from exporter.settings import ServiceKey, SettingError, Settings, as_text, declared

DEFAULTS = {
    "PORT": 5005,
    "METRICS_RETENTION_DAYS": 90,
    "SALES_RETENTION_DAYS": 365,
    "PERFORMANCE_RETENTION_DAYS": 30,
    "RATE_LIMIT_WINDOW_MS": 900_000,
    "RATE_LIMIT_MAX_REQUESTS": 100,
    "RATE_LIMIT_SERVICE_PER_SECOND": 0,
    "LABEL_VALUES_LIMIT": 200,
    "APP_ENV": "development",
    "DATA_DIR": Path("data"),
    "MONGODB_URI": None,
}


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


def test_without_an_environment_every_setting_has_its_default():
    assert read() == Settings()
    for name, default in DEFAULTS.items():
        assert getattr(read(), name.lower()) == default


def test_every_default_reads_back_as_itself():
    for one in declared():
        if text := as_text(one.default):
            assert one.kind.read(text) == one.default, one.variable


def test_a_variable_that_is_empty_or_blank_counts_as_not_set():
    assert read(PORT="", JWT_SECRET="  ", API_KEYS="", LOG_FILE="") == Settings()


def test_blanks_around_a_value_are_dropped():
    assert read(PORT=" 80 ", JWT_SECRET="a b\n").jwt_secret == "a b"


def test_a_variable_that_is_no_setting_is_ignored():
    assert read(FOO="", PORTS="many", port="x", NODE_ENV="production") == Settings()


GOOD = [
    ("PORT", "0", 0),
    ("PORT", "65535", 65535),
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("APP_ENV", "Production", "production"),
    ("DATA_DIR", "/nowhere/yet", Path("/nowhere/yet")),
    ("MONGODB_URI", "mongodb://a:1,b:2/meter", "mongodb://a:1,b:2/meter"),
    ("MONGODB_URI", "mongodb+srv://u:p@a/meter", "mongodb+srv://u:p@a/meter"),
    ("REDIS_URL", "unix:///run/redis.sock", "unix:///run/redis.sock"),
    ("AUTH_SERVICE_URL", "http://auth:3000/", "http://auth:3000"),
    ("JWT_PUBLIC_KEY", "-----BEGIN\nx\n-----END", "-----BEGIN\nx\n-----END"),
    ("API_KEYS", "web:abc", (ServiceKey("web", "abc"),)),
    (
        "API_KEYS",
        " web : abc , ,jobs:def:acme,",
        (ServiceKey("web", "abc"), ServiceKey("jobs", "def", "acme")),
    ),
    ("FRONTEND_URL", "https://App.example.com/", ("https://app.example.com",)),
    (
        "FRONTEND_URL",
        "http://localhost:3000, https://[::1]",
        ("http://localhost:3000", "https://[::1]"),
    ),
    (
        "TRUSTED_PROXIES",
        "10.1.2.3/8,::1",
        (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")),
    ),
    ("REPORTING_CURRENCY", "EUR", "EUR"),
    (
        "FX_RATES",
        "EUR:1.08, JPY:0.0067,",
        (ExchangeRate("EUR", Decimal("1.08")), ExchangeRate("JPY", Decimal("0.0067"))),
    ),
    ("LOG_LEVEL", "DEBUG", "debug"),
    ("LOG_FORMAT", "json", "json"),
    ("GAUGES_REFRESH_SECONDS", "0.5", 0.5),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_good_value_is_read(name, text, value):
    assert getattr(read(**{name: text}), name.lower()) == value


WHOLE = "a whole number from "
BAD = [
    ("PORT", "http", WHOLE + "0 to 65535"),
    ("PORT", "-1", WHOLE + "0 to 65535"),
    ("PORT", "65536", WHOLE + "0 to 65535"),
    ("PORT", "80.0", WHOLE + "0 to 65535"),
    ("METRICS_RETENTION_DAYS", "0", WHOLE + "1 to 36500"),
    ("METRICS_RETENTION_DAYS", "9" * 5000, WHOLE + "1 to 36500"),
    ("RATE_LIMIT_MAX_REQUESTS", "-5", WHOLE + "0 to"),
    ("GAUGES_REFRESH_SECONDS", "0", "a number from 0.05 to 3600"),
    ("GAUGES_REFRESH_SECONDS", "nan", "a number from 0.05 to 3600"),
    ("GAUGES_REFRESH_SECONDS", "inf", "a number from 0.05 to 3600"),
    ("GAUGES_REFRESH_SECONDS", "often", "a number from 0.05 to 3600"),
    ("REPORTING_CURRENCY", "eur", "a currency's code, three capital letters"),
    ("REPORTING_CURRENCY", "EURO", "a currency's code, three capital letters"),
    ("FX_RATES", "EUR", "currency:rate"),
    ("FX_RATES", "EUR:", "currency:rate"),
    ("FX_RATES", "EUR:0.0", "currency:rate"),
    ("FX_RATES", "EUR:-1", "currency:rate"),
    ("FX_RATES", "EUR:1e3", "currency:rate"),
    ("FX_RATES", "EUR:nan", "currency:rate"),
    ("FX_RATES", "euro:1", "currency:rate"),
    ("FX_RATES", "EUR:1,EUR:2", "currency:rate"),
    ("APP_ENV", "staging", "one of development, production, test"),
    ("LOG_LEVEL", "verbose", "one of debug, info, warning, error"),
    ("LOG_FORMAT", "xml", "one of console, json"),
    ("DATA_DIR", __file__, "a folder"),
    ("LOG_FILE", str(Path(__file__).parent), "a file"),
    ("HOST", "\udcff", "text in UTF-8"),
    ("AUTH_SERVICE_URL", "auth:3000", "an address that starts with http:// or https://"),
    ("AUTH_SERVICE_URL", "ftp://auth", "an address that starts with http:// or https://"),
    ("AUTH_SERVICE_URL", "http://", "an address that starts with"),
    ("AUTH_SERVICE_URL", "http:///", "an address that starts with"),
    ("AUTH_SERVICE_URL", "http://:80", "an address that starts with"),
    ("AUTH_SERVICE_URL", "http://auth:port", "an address that starts with"),
    ("AUTH_SERVICE_URL", "http://auth:0", "an address that starts with"),
    ("AUTH_SERVICE_URL", "http://au th", "an address that starts with"),
    ("JWT_JWKS_URL", "/keys.json", "an address that starts with http:// or https://"),
    ("FRONTEND_URL", "*", "origins such as https://app.example.com"),
    ("FRONTEND_URL", "app.example.com", "origins such as https://app.example.com"),
    ("FRONTEND_URL", "https://a.example/app", "origins such as"),
    ("FRONTEND_URL", "https://me@a.example", "origins such as"),
    ("FRONTEND_URL", "https://a.example?x=1", "origins such as"),
    ("TRUSTED_PROXIES", "proxy.example", "addresses or networks (10.0.0.0/8)"),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "addresses or networks (10.0.0.0/8)"),
]


@pytest.mark.parametrize(("name", "text", "accepts"), BAD)
def test_a_bad_value_is_refused_with_its_name_itself_and_what_would_do(name, text, accepts):
    with pytest.raises(SettingError) as refused:
        read(**{name: text})
    message = str(refused.value)
    assert message.startswith(f"{name}={text!r} is not {accepts}")
    assert message.endswith(".")
    assert refused.value.__cause__ is None


BAD_SECRETS = [
    ("MONGODB_URI", "s3cr3t@db"),
    ("MONGODB_URI", "http://me:s3cr3t@db"),
    ("MONGODB_URI", "mongodb://me:s3cr3t@d b"),
    ("REDIS_URL", "s3cr3t"),
    ("JWT_SECRET", "s3cr3t\udcff"),
    ("METRICS_TOKEN", "s3cr3t\udcff"),
    ("API_KEY", "s3cr3t\udcff"),
    ("API_KEYS", "s3cr3t"),
    ("API_KEYS", "name:s3cr3t:tenant:more"),
    ("API_KEYS", "name:s3cr3t:"),
    ("API_KEYS", ":s3cr3t"),
    ("API_KEYS", "s3cr3t:"),
    ("API_KEYS", "a:s3cr3t,b:s3cr3t"),
    ("API_KEYS", "a:s3cr3t,a:s3cr3t2"),
    ("API_KEYS", "a:s3cr3t\udcff"),
]


@pytest.mark.parametrize(("name", "text"), BAD_SECRETS)
def test_a_bad_secret_is_refused_without_being_shown(name, text):
    with pytest.raises(SettingError) as refused:
        read(**{name: text})
    assert str(refused.value).startswith(f"{name}=(not shown) is not ")
    assert "s3cr3t" not in str(refused.value)


def test_every_secret_is_declared_as_one():
    secret = {one.variable for one in declared() if one.secret}
    assert secret == {
        "MONGODB_URI",
        "REDIS_URL",
        "JWT_SECRET",
        "API_KEY",
        "API_KEYS",
        "METRICS_TOKEN",
        "SLACK_WEBHOOK_URL",
        "DISCORD_WEBHOOK_URL",
        "ALERT_WEBHOOK_URL",
        "ALERT_WEBHOOK_TOKEN",
        "PAGERDUTY_ROUTING_KEY",
        "SMTP_URL",
    }


def test_no_secret_is_in_the_repr_of_the_settings_or_of_a_key():
    settings = read(JWT_SECRET="s3cr3t", API_KEYS="web:s3cr3t", MONGODB_URI="mongodb://u:s3cr3t@a")
    assert "s3cr3t" not in repr(settings)
    assert "s3cr3t" not in repr(ServiceKey("web", "s3cr3t"))
    assert "port=5005" in repr(settings)


def test_production_is_what_app_env_says():
    assert read(APP_ENV="production").production
    assert not read().production


def test_a_value_is_written_as_in_the_environment():
    settings = read(FRONTEND_URL="https://a.example,https://b.example", TRUSTED_PROXIES="10.0.0.1")
    assert as_text(settings.frontend_url) == "https://a.example,https://b.example"
    assert as_text(settings.trusted_proxies) == "10.0.0.1/32"
    assert as_text(settings.gauges_refresh_seconds) == "30"
    assert as_text(read(FX_RATES="EUR:1.10,JPY:0.0067").fx_rates) == "EUR:1.10,JPY:0.0067"
    assert as_text(0.25) == "0.25"
    assert as_text(None) == ""


def test_the_environment_of_the_process_is_what_is_read(monkeypatch):
    monkeypatch.setenv("PORT", "6006")
    assert Settings.from_environment().port == 6006
