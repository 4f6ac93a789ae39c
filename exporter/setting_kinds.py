"""How a setting's text is read, and the sentence that says what would be accepted.

A `Kind` is the whole rule: the reader, the refusal and the documentation cannot drift apart.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CURRENCY = re.compile(r"[A-Z]{3}")
_EMAIL = re.compile(r"[^\s@,<>\x00-\x1f\x7f]+@[^\s@,<>\x00-\x1f\x7f]+")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")


@dataclass(frozen=True)
class ExchangeRate:
    """What one unit of a currency is worth in the reporting currency."""

    currency: str
    rate: Decimal

    def __str__(self) -> str:
        return f"{self.currency}:{self.rate:f}"


@dataclass(frozen=True)
class Kind:
    """How a setting's text is read: `read` raises ValueError where it is not as `accepts` says."""

    accepts: str
    read: Callable[[str], Any]


def setting(default: Any, kind: Kind, help_: str, secret: bool = False) -> Any:
    """A field of Settings: its default, how it is read, and what it is for."""
    declaration = {"kind": kind, "help": help_, "secret": secret}
    return field(default=default, repr=not secret, metadata=declaration)


def parts(text: str) -> list[str]:
    """The pieces of a comma-separated list, without blanks around them and empty ones."""
    return [piece for part in text.split(",") if (piece := part.strip())]


def whole(least: int, most: int = 10**12) -> Kind:
    """A whole number from `least` to `most`."""

    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError
        return number

    return Kind(f"a whole number from {least} to {most}", read)


def number(least: float, most: float = 1e9) -> Kind:
    """A number from `least` to `most`; what is no number at all (`nan`) is neither."""

    def read(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a number from {least:g} to {most:g}", read)


def one_of(*choices: str) -> Kind:
    """One of a few words, in small or capital letters."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return Kind("one of " + ", ".join(choices), read)


def url(*schemes: str) -> Kind:
    """An address with one of these schemes."""

    def read(text: str) -> str:
        scheme, _, rest = _text(text).partition("://")
        if scheme not in schemes or not rest.strip("/") or _SPACE_OR_CONTROL.search(text):
            raise ValueError
        return text.rstrip("/")

    return Kind("an address that starts with " + " or ".join(f"{s}://" for s in schemes), read)


def _text(text: str) -> str:
    """`text` itself; bytes of the environment that are not UTF-8 raise (a kind of) ValueError."""
    text.encode("utf-8")
    return text


def _existing(is_right: Callable[[Path], bool]) -> Callable[[str], Path]:
    """Reads a path that either does not exist yet or is of the right kind."""

    def read(text: str) -> Path:
        path = Path(text)
        if path.exists() and not is_right(path):
            raise ValueError
        return path

    return read


def _http(text: str) -> str:
    """A web address with a host; `urlsplit` itself refuses a port that is none."""
    address = url("http", "https").read(text)
    where = urlsplit(address)
    if not where.hostname or where.port == 0:
        raise ValueError
    return str(address)


def _smtp(text: str) -> str:
    """The address of a mail server, with the name of its host."""
    address = url("smtp", "smtps").read(text)
    where = urlsplit(address)
    if not where.hostname or where.port == 0 or where.path or where.query or where.fragment:
        raise ValueError
    return str(address)


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError
    return text


def _emails(text: str) -> tuple[str, ...]:
    return tuple(_email(part) for part in parts(text))


def _origin(text: str) -> str:
    """An origin as browsers send it: a path or a user in it would never compare equal."""
    scheme, host, path, query, fragment = urlsplit(_http(text))
    if "@" in host or path or query or fragment:
        raise ValueError
    return f"{scheme}://{host.lower()}"


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(part) for part in parts(text))


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part, strict=False) for part in parts(text))


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise ValueError
    return text


def _rates(text: str) -> tuple[ExchangeRate, ...]:
    rates = []
    for part in parts(text):
        currency, _, rate = part.partition(":")
        if not _DECIMAL.fullmatch(rate) or not Decimal(rate):
            raise ValueError
        rates.append(ExchangeRate(_currency(currency), Decimal(rate)))
    if len({one.currency for one in rates}) < len(rates):
        raise ValueError
    return tuple(rates)


TEXT = Kind("text in UTF-8", _text)
FOLDER = Kind("a folder, which is made if it is missing", _existing(Path.is_dir))
FILE = Kind("a file, not a folder", _existing(lambda path: not path.is_dir()))
HTTP = Kind("an address that starts with http:// or https://", _http)
SMTP = Kind("an address that starts with smtp:// or smtps://, without a path", _smtp)
EMAIL = Kind("an e-mail address, without a name", _email)
EMAILS = Kind("e-mail addresses, without names, separated by commas", _emails)
ORIGINS = Kind(
    "origins such as https://app.example.com, without a path, separated by commas", _origins
)
NETWORKS = Kind("addresses or networks (10.0.0.0/8), separated by commas", _networks)
CURRENCY = Kind("a currency's code, three capital letters", _currency)
EXCHANGE_RATES = Kind(
    "currency:rate, rates above 0, separated by commas, each currency once", _rates
)
