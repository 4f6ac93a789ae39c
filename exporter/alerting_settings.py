"""The settings of alerts and health: what is watched, how long it is remembered, who is told."""

from dataclasses import dataclass
from pathlib import Path

from .setting_kinds import EMAIL, EMAILS, FILE, HTTP, SMTP, TEXT, number, one_of, setting, whole


@dataclass(frozen=True, kw_only=True)
class AlertingSettings:
    """A part of `Settings`."""

    alerts_retention_days: int = setting(
        365, whole(1, 36500), "Days that the history of alerts is kept."
    )
    alertmanager_url: str | None = setting(
        None,
        HTTP,
        "Alertmanager to make silences in, and to ask which alerts are over that it keeps silent "
        "about; without it, only what it posts is known.",
    )
    alertmanager_absence_seconds: float = setting(
        180.0,
        number(0, 86_400),
        "How long Alertmanager has to be without an alert before it counts as over: after a "
        "restart it knows none until Prometheus sends them again.",
    )
    alerts_stale_hours: float = setting(
        72.0,
        number(0, 87_600),
        "Alerts that Alertmanager has not repeated for so long count as over; 0 = never. Longer "
        "than its `repeat_interval` and than silences last.",
    )
    store_alerts: str = setting(
        "on",
        one_of("on", "off"),
        "Look in the store for what is wrong, for installations without Prometheus.",
    )
    store_alerts_seconds: float = setting(
        60.0, number(0.05, 3600), "How often the store is looked at for what is wrong."
    )
    no_events_minutes: int = setting(
        30,
        whole(5, 1440),
        "Minutes without any event that are an alert, where there were some at that time of day.",
    )
    alert_notifications: str = setting(
        "auto",
        one_of("auto", "on", "off"),
        "Tell people of alerts found in the store; `auto` is without `ALERTMANAGER_URL` only.",
    )
    slack_webhook_url: str | None = setting(
        None, HTTP, "Incoming webhook of Slack that is told of alerts.", secret=True
    )
    discord_webhook_url: str | None = setting(
        None, HTTP, "Webhook of Discord that is told of alerts.", secret=True
    )
    alert_webhook_url: str | None = setting(
        None, HTTP, "Address that alerts are posted to, as Alertmanager does it.", secret=True
    )
    alert_webhook_token: str | None = setting(
        None, TEXT, "Bearer token for `ALERT_WEBHOOK_URL`.", secret=True
    )
    pagerduty_routing_key: str | None = setting(
        None, TEXT, "Integration key of PagerDuty's Events API v2.", secret=True
    )
    pagerduty_url: str = setting(
        "https://events.pagerduty.com/v2/enqueue",
        HTTP,
        "Where PagerDuty takes events; accounts in the EU have another address.",
    )
    smtp_url: str | None = setting(
        None,
        SMTP,
        "Mail server for alerts, `smtp://user:password@host:587`; with a password it has to offer "
        "STARTTLS, and smtps:// is TLS from the start.",
        secret=True,
    )
    alert_email_from: str | None = setting(None, EMAIL, "Sender of e-mail about alerts.")
    alert_email_to: tuple[str, ...] = setting((), EMAILS, "Who gets e-mail about alerts.")
    prometheus_url: str | None = setting(
        None, HTTP, "Prometheus whose health is watched; without it, it is not."
    )
    health_interval_seconds: float = setting(
        30.0,
        number(0, 3600),
        "How often each health check runs, where its declaration does not say; 0 = no checks.",
    )
    health_checks_file: Path | None = setting(
        None, FILE, "YAML file with health checks of your own, and changes of the built-in ones."
    )
    health_retention_days: int = setting(
        90, whole(1, 36500), "Days that the results of health checks are kept."
    )
    incidents_retention_days: int = setting(
        365, whole(1, 36500), "Days that incidents and maintenance windows are kept."
    )
