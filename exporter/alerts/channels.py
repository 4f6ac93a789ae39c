"""The channels that the settings ask for."""

from collections.abc import Iterator, Mapping
from functools import partial

from ..clock import Clock
from ..settings import SettingError, Settings
from .channel import Channel
from .email_channel import EmailChannel
from .http_channel import HttpChannel, Payload
from .notifiers import discord, pagerduty, slack, webhook


def silent(settings: Settings) -> bool:
    """Whether nobody is to be told: by default where Alertmanager does it, which does it better."""
    if settings.alert_notifications == "auto":
        return settings.alertmanager_url is not None
    return settings.alert_notifications == "off"


def configured(settings: Settings, clock: Clock) -> tuple[Channel, ...]:
    """A channel for each that has its address, whether they are to be silent or not.

    The caller closes them. Raises SettingError where half of one is configured.
    """
    return (*_http(settings, clock), *_email(settings))


def _http(settings: Settings, clock: Clock) -> Iterator[Channel]:
    key = settings.pagerduty_routing_key
    token = settings.alert_webhook_token
    headers = {"Authorization": f"Bearer {token}"} if token else None
    urls: Mapping[str, tuple[str | None, Payload, Mapping[str, str] | None]] = {
        "slack": (settings.slack_webhook_url, slack.payload, None),
        "discord": (settings.discord_webhook_url, discord.payload, None),
        "webhook": (settings.alert_webhook_url, webhook.payload, headers),
        "pagerduty": (
            settings.pagerduty_url if key else None,
            partial(pagerduty.payload, routing_key=key or ""),
            None,
        ),
    }
    for name, (url, payload, more) in urls.items():
        if url is not None:
            yield HttpChannel(name, url, payload, clock, more)


def _email(settings: Settings) -> Iterator[Channel]:
    parts = {
        "SMTP_URL": settings.smtp_url,
        "ALERT_EMAIL_FROM": settings.alert_email_from,
        "ALERT_EMAIL_TO": settings.alert_email_to,
    }
    missing = [name for name, value in parts.items() if not value]
    if len(missing) == len(parts):
        return
    if missing:
        raise SettingError(f"E-mail about alerts needs {' and '.join(missing)} as well.")
    yield EmailChannel(
        settings.smtp_url or "", settings.alert_email_from or "", settings.alert_email_to
    )
