"""The secret that tokens are signed with: checked in production, made in development.

In development the service makes a secret and an admin token by itself, and keeps both in the data
folder for the next start, so that what was pasted once goes on working.
"""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from ..clock import Clock, now
from ..errors import Unauthorized
from ..settings import SettingError, Settings
from .principal import DEFAULT_TENANT, Role
from .signing_keys import configured, hmac_key
from .tokens import issue, verify
from .weak_secrets import LEAST_BYTES, weakness

SECRET_FILE = "development-secret"  # noqa: S105  # a file's name
TOKEN_FILE = "development-admin-token"  # noqa: S105  # a file's name
TOKEN_LIFE = timedelta(days=30)
TOKEN_RENEWAL = timedelta(days=7)
"""An admin token with less than this left is replaced at the start."""


@dataclass(frozen=True)
class Prepared:
    """Settings with which tokens can be verified, and an admin token where one was made."""

    settings: Settings
    admin_token: str | None = field(default=None, repr=False)


def prepare(settings: Settings, clock: Clock = now) -> Prepared:
    """The settings to start with.

    Keys that are configured are checked; in production a secret must be a real one. Without any,
    `development` makes a secret and an admin token in DATA_DIR, and every other environment,
    `test` too, does not start.

    Raises SettingError, which never shows a secret.
    """
    if settings.jwt_secret or settings.jwt_public_key or settings.jwt_jwks_url:
        configured(settings)
        if settings.jwt_secret:
            _check(settings.jwt_secret, settings.production)
        return Prepared(settings)
    if settings.app_env != "development":
        raise SettingError(
            f"APP_ENV={settings.app_env} needs JWT_SECRET ({LEAST_BYTES} random bytes or more),"
            " JWT_PUBLIC_KEY or JWT_JWKS_URL; only development makes a secret of its own."
        )
    try:
        return _development(settings, clock())
    except OSError as error:
        raise SettingError(
            f"DATA_DIR={str(settings.data_dir)!r} cannot keep the development secrets:"
            f" {error.strerror or type(error).__name__}."
        ) from error


def _check(secret: str, production: bool) -> None:
    if "-----BEGIN" in secret:
        raise SettingError("JWT_SECRET holds a PEM key; a public key goes into JWT_PUBLIC_KEY.")
    if not production:
        return
    if problem := weakness(secret):
        raise SettingError(
            f"JWT_SECRET {problem}: production needs {LEAST_BYTES} random bytes or more,"
            " as `openssl rand -base64 48` prints."
        )


def _development(settings: Settings, moment: datetime) -> Prepared:
    with _locked(settings.data_dir) as folder:
        secret = _read(folder / SECRET_FILE)
        if weakness(secret):
            secret = secrets.token_urlsafe(LEAST_BYTES)
            _write(folder / SECRET_FILE, secret)
        token = _read(folder / TOKEN_FILE)
        if not _good(token, secret, moment):
            token = issue(
                secret,
                sub="admin",
                role=Role.ADMIN,
                plan="free",
                tenant=DEFAULT_TENANT,
                ttl_seconds=int(TOKEN_LIFE.total_seconds()),
                now=moment,
            )
            _write(folder / TOKEN_FILE, token)
    return Prepared(replace(settings, jwt_secret=secret), token)


def _good(token: str, secret: str, moment: datetime) -> bool:
    """Whether a kept admin token holds and will for a while."""
    try:
        verified = verify(token, hmac_key(secret), moment)
    except Unauthorized:
        return False
    lasts = verified.until - moment > TOKEN_RENEWAL
    return verified.principal.role is Role.ADMIN and lasts


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """The folder, made for its owner alone if missing, and not to be had by two processes at once.

    Two that start together so come to share one secret.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(handle)


def _read(path: Path) -> str:
    """What a file holds, and from then on its owner alone can read; empty where there is none."""
    try:
        path.chmod(0o600)
        return path.read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    """Make a file that is there whole or not at all; mkstemp makes it with mode 0600."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
