"""Every setting once: its name, default and help. Nothing else reads the environment.

A setting's name in the environment is its field's name in capitals: `metrics_retention_days` is
METRICS_RETENTION_DAYS.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .alerting_settings import AlertingSettings
from .setting_kinds import (
    CURRENCY,
    EXCHANGE_RATES,
    FILE,
    FOLDER,
    HTTP,
    NETWORKS,
    ORIGINS,
    TEXT,
    ExchangeRate,
    Kind,
    Network,
    number,
    one_of,
    parts,
    setting,
    url,
    whole,
)
from .setting_sources import given


class SettingError(Exception):
    """A setting that the service cannot start with; the message says what would be accepted."""


@dataclass(frozen=True)
class ServiceKey:
    """One service's key, and the tenant that it is bound to, if any."""

    name: str
    key: str = field(repr=False)
    tenant: str | None = None


def _read_keys(text: str) -> tuple[ServiceKey, ...]:
    keys = []
    for part in parts(text):
        name, key, *tenant = (piece.strip() for piece in TEXT.read(part).split(":"))
        if not name or not key or len(tenant) > 1 or tenant == [""]:
            raise ValueError
        keys.append(ServiceKey(name, key, tenant[0] if tenant else None))
    if len({key.name for key in keys}) < len(keys) or len({key.key for key in keys}) < len(keys):
        raise ValueError
    return tuple(keys)


@dataclass(frozen=True, kw_only=True)
class Settings(AlertingSettings):
    """The configuration of one run of the service."""

    port: int = setting(5005, whole(0, 65535), "Port to listen on; 0 takes a free one.")
    host: str = setting("127.0.0.1", TEXT, "Address to listen on; 0.0.0.0 is every interface.")
    app_env: str = setting(
        "development",
        one_of("development", "production", "test"),
        "`production` insists on real secrets and logs JSON.",
    )
    data_dir: Path = setting(
        Path("data"), FOLDER, "Folder for the SQLite file, the spool and the development secrets."
    )
    revision: str = setting(
        "unknown", TEXT, "Revision of the source that is running, for exporter_build_info."
    )
    mongodb_uri: str | None = setting(
        None,
        url("mongodb", "mongodb+srv"),
        "MongoDB to store events in, with the database's name in it; without it, SQLite.",
        secret=True,
    )
    mongodb_pool_size: int = setting(
        100, whole(1, 10_000), "Connections to each MongoDB server at most."
    )
    mongodb_write_timeout_ms: int = setting(
        5_000,
        whole(100, 600_000),
        "Time that MongoDB may take to record; past it events go to the spool, in ms.",
    )
    redis_url: str | None = setting(
        None,
        url("redis", "rediss", "unix"),
        "Redis to share limits, caches and sessions between replicas; without it, memory.",
        secret=True,
    )
    auth_service_url: str | None = setting(
        None, HTTP, "Service whose /auth/me confirms tokens; without it, the claims alone count."
    )
    jwt_secret: str | None = setting(
        None, TEXT, "Secret of HS256 tokens, at least 32 bytes in production.", secret=True
    )
    jwt_public_key: str | None = setting(
        None, TEXT, "Public key (PEM) of RS256 or ES256 tokens, instead of a secret."
    )
    jwt_jwks_url: str | None = setting(
        None, HTTP, "Address of the key set (JWKS) of RS256 or ES256 tokens, instead of a secret."
    )
    api_key: str | None = setting(
        None, TEXT, "One service key, unnamed and not bound to a tenant.", secret=True
    )
    api_keys: tuple[ServiceKey, ...] = setting(
        (),
        Kind("name:key or name:key:tenant, separated by commas, names and keys unique", _read_keys),
        "Service keys.",
        secret=True,
    )
    metrics_retention_days: int = setting(
        90, whole(1, 36500), "Days that AI requests, engagement and credits are kept."
    )
    sales_retention_days: int = setting(365, whole(1, 36500), "Days that sales are kept.")
    performance_retention_days: int = setting(
        30, whole(1, 36500), "Days that performance events and system samples are kept."
    )
    rollup_retention_days: int = setting(
        730, whole(1, 36500), "Days that rollups (numbers by hour, day and month) are kept."
    )
    rollup_refresh_seconds: float = setting(
        5.0, number(0.05, 3600), "How often rollups are brought up to what was recorded."
    )
    rollup_share: float = setting(
        0.1, number(0.001, 1), "Share of the time that refreshing rollups may take."
    )
    rate_limit_window_ms: int = setting(
        900_000, whole(1000, 86_400_000), "Window of the rate limit for each address, in ms."
    )
    rate_limit_max_requests: int = setting(
        100, whole(0), "Calls in that window from one address without a service key; 0 = no limit."
    )
    rate_limit_service_per_second: int = setting(
        0, whole(0), "Calls in a second with one service key; 0 = no limit."
    )
    frontend_url: tuple[str, ...] = setting(
        (), ORIGINS, "Origins whose pages may call from a browser (CORS)."
    )
    trusted_proxies: tuple[Network, ...] = setting(
        (), NETWORKS, "Proxies whose X-Forwarded-For is believed."
    )
    metrics_token: str | None = setting(
        None,
        TEXT,
        "Bearer token that /metrics asks for; without it, /metrics is open.",
        secret=True,
    )
    label_values_limit: int = setting(
        200, whole(1, 100_000), "Distinct values of a metric's label, before the rest is `other`."
    )
    series_limit: int = setting(
        10_000, whole(1, 10_000_000), "Label sets of one metric, before the rest is `other`."
    )
    zero_first_seconds: float = setting(
        20.0,
        number(0, 300),
        "How long a new series of money or of failures shows 0 after it was first scraped, so that "
        "Prometheus sees its first increase: a little over the scrape interval; 0 = not.",
    )
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "Least severity that is logged."
    )
    log_format: str | None = setting(
        None,
        one_of("console", "json"),
        "How log lines look; by default json in production, else console.",
    )
    log_file: Path | None = setting(
        None, FILE, "File to log to as well, rotated at 10 MiB with 5 old ones kept."
    )
    queue_max_events: int = setting(
        10_000, whole(1000), "Events that may wait for the group commit; past it calls get 503."
    )
    queue_max_bytes: int = setting(
        64 * 1024 * 1024, whole(16 * 1024 * 1024), "Bytes of events that may wait, likewise."
    )
    spool_max_bytes: int = setting(
        1024 * 1024 * 1024,
        whole(1024),
        "Bytes of events that the spool may hold while MongoDB is away; past it calls get 503.",
    )
    reporting_currency: str | None = setting(
        None,
        CURRENCY,
        "Currency that totals are converted to with `FX_RATES`, beside those by currency; without "
        "it, currencies are never added.",
    )
    fx_rates: tuple[ExchangeRate, ...] = setting(
        (),
        EXCHANGE_RATES,
        "What one unit of each currency is worth in `REPORTING_CURRENCY`: `EUR:1.08,GBP:1.27`.",
    )
    query_timeout_ms: int = setting(
        10_000, whole(10, 600_000), "Time a reading query may take, in ms."
    )
    answer_cache_seconds: float = setting(
        3.0,
        number(0, 300),
        "How long the answers of heavy reading calls are kept for who asks the same; 0 = not.",
    )
    slow_call_ms: int = setting(1000, whole(1), "Calls slower than this are logged, in ms.")
    gauges_refresh_seconds: float = setting(
        30.0, number(0.05, 3600), "How often gauges that come from the store are refreshed."
    )
    system_sample_seconds: float = setting(
        60.0, number(0.05, 3600), "How often the state of the machine is recorded."
    )
    purge_interval_seconds: float = setting(
        60.0, number(0.05, 86400), "How often SQLite is rid of records past their retention."
    )
    shutdown_seconds: float = setting(
        10.0, number(0.1, 300), "Time to finish calls and writes after SIGTERM."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that the environment gives; an empty variable counts as not set.

        Blanks around a value are dropped. A secret may be in a file, which the variable with
        `_FILE` at its end names. Raises SettingError for the first bad value, without
        it where it is secret; variables that are no setting are not looked at.
        """
        values = {}
        for one in declared():
            try:
                text = given(one.variable, one.secret, environment)
            except OSError as error:
                raise SettingError(str(error)) from error
            if not text:
                continue
            try:
                values[one.name] = one.kind.read(text)
            except ValueError:
                shown = "(not shown)" if one.secret else repr(text)
                raise SettingError(f"{one.variable}={shown} is not {one.kind.accepts}.") from None
        return cls(**values)

    @property
    def production(self) -> bool:
        """Whether this is a production run."""
        return self.app_env == "production"


@dataclass(frozen=True)
class Declared:
    """One setting as it is declared: for the reader above, the docs and the checks."""

    name: str
    default: Any
    kind: Kind
    help: str
    secret: bool

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return self.name.upper()


def declared() -> tuple[Declared, ...]:
    """All settings in the order of their declaration, those about alerts and health at the end."""
    alerting = {part.name for part in fields(AlertingSettings)}
    ordered = sorted(fields(Settings), key=lambda part: part.name in alerting)
    return tuple(Declared(part.name, part.default, **part.metadata) for part in ordered)


def as_text(value: Any) -> str:
    """A setting's value as one would write it in the environment, empty for one that is not set.

    Never for a secret: the caller has to look at `Declared.secret` first.
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
