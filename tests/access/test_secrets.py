import asyncio
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.access.principal import Principal, Role
from exporter.access.secrets import (
    SECRET_FILE,
    TOKEN_FILE,
    TOKEN_LIFE,
    TOKEN_RENEWAL,
    prepare,
)
from exporter.access.tokens import TokenVerifier, issue
from exporter.access.weak_secrets import weakness
from exporter.settings import SettingError, Settings

from ..outside import START, Time
from .conftest import SECRET
from .tokens import pem, rsa_key


def mode(path: Path) -> int:
    """A file's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def whose(settings: Settings, token: str | None, time: Time) -> Principal:
    """Whom a token speaks for."""
    assert token is not None
    return asyncio.run(TokenVerifier(settings, time.clock).verify(token)).principal


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """The settings of somebody who has set nothing but the folder."""
    return Settings(data_dir=tmp_path / "some" / "data")


def test_development_makes_a_secret_and_an_admin_token(bare: Settings, time: Time) -> None:
    prepared = prepare(bare, time.clock)
    assert whose(prepared.settings, prepared.admin_token, time) == Principal(
        Role.ADMIN, "admin", "default"
    )
    assert weakness(prepared.settings.jwt_secret or "") is None


def test_what_was_made_is_for_its_owner_alone(bare: Settings, time: Time) -> None:
    previous = os.umask(0)
    try:
        prepare(bare, time.clock)
    finally:
        os.umask(previous)
    assert mode(bare.data_dir) == 0o700
    assert {path.name for path in bare.data_dir.iterdir()} == {SECRET_FILE, TOKEN_FILE}
    assert [mode(path) for path in bare.data_dir.iterdir()] == [0o600, 0o600]


def test_the_next_start_finds_both_again(bare: Settings, time: Time) -> None:
    first = prepare(bare, time.clock)
    (bare.data_dir / SECRET_FILE).chmod(0o644)
    time.advance((TOKEN_LIFE - TOKEN_RENEWAL).total_seconds())
    assert prepare(bare, time.clock) == first
    assert mode(bare.data_dir / SECRET_FILE) == 0o600


def test_a_token_near_its_end_is_replaced_and_the_secret_stays(bare: Settings, time: Time) -> None:
    first = prepare(bare, time.clock)
    time.advance((TOKEN_LIFE - TOKEN_RENEWAL + timedelta(minutes=1)).total_seconds())
    second = prepare(bare, time.clock)
    assert second.settings == first.settings
    assert second.admin_token != first.admin_token
    assert whose(second.settings, second.admin_token, time).role is Role.ADMIN


@pytest.mark.parametrize("damaged", [b"", b"short", b"\xff\xfe" * 3, b"changeme" * 8])
def test_a_damaged_secret_is_replaced_with_its_token(
    damaged: bytes, bare: Settings, time: Time
) -> None:
    first = prepare(bare, time.clock)
    (bare.data_dir / SECRET_FILE).write_bytes(damaged)
    second = prepare(bare, time.clock)
    assert second.settings.jwt_secret != first.settings.jwt_secret
    assert whose(second.settings, second.admin_token, time).role is Role.ADMIN


def test_a_kept_token_that_is_no_admins_is_replaced(bare: Settings, time: Time) -> None:
    secret = prepare(bare, time.clock).settings.jwt_secret or ""
    weak = issue(secret, sub="eve", role="user", plan="p", tenant="t", ttl_seconds=10**8, now=START)
    (bare.data_dir / TOKEN_FILE).write_text(weak)
    prepared = prepare(bare, time.clock)
    assert whose(prepared.settings, prepared.admin_token, time).name == "admin"


def test_processes_that_start_together_share_one_secret(bare: Settings) -> None:
    program = (
        "import sys; from pathlib import Path; from exporter.settings import Settings;"
        "from exporter.access.secrets import prepare;"
        "p = prepare(Settings(data_dir=Path(sys.argv[1])));"
        "print(p.settings.jwt_secret, p.admin_token)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(bare.data_dir)], stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    printed = {process.communicate()[0] for process in started}
    assert len(printed) == 1
    assert printed != {b""}


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path, time: Time) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"DATA_DIR=.*cannot keep the development secrets"):
        prepare(Settings(data_dir=tmp_path / "file" / "data"), time.clock)


def test_a_write_that_fails_leaves_nothing_behind(
    bare: Settings, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingError, match="No space left on device"):
        prepare(bare, time.clock)
    assert list(bare.data_dir.iterdir()) == []


@pytest.mark.parametrize(
    "given",
    [
        {"jwt_secret": SECRET},
        {"jwt_public_key": pem(rsa_key())},
        {"jwt_jwks_url": "https://keys.example/jwks"},
    ],
)
@pytest.mark.parametrize("environment", ["production", "development", "test"])
def test_configured_keys_are_taken_as_they_are(
    given: dict[str, str], environment: str, bare: Settings
) -> None:
    settings = Settings(app_env=environment, data_dir=bare.data_dir, **given)
    prepared = prepare(settings)
    assert prepared.settings is settings
    assert prepared.admin_token is None
    assert not bare.data_dir.exists()


@pytest.mark.parametrize("environment", ["production", "test"])
def test_only_development_makes_a_secret(environment: str, bare: Settings) -> None:
    with pytest.raises(SettingError, match=f"APP_ENV={environment} needs JWT_SECRET"):
        prepare(Settings(app_env=environment, data_dir=bare.data_dir))
    assert not bare.data_dir.exists()


@pytest.mark.parametrize("secret", ["changeme", "tooShort!", "x7Kp9" * 10])
def test_only_production_refuses_a_weak_secret_and_says_why(secret: str) -> None:
    problem = f"JWT_SECRET {weakness(secret)}: production needs 32 random bytes or more"
    with pytest.raises(SettingError, match=problem) as caught:
        prepare(Settings(app_env="production", jwt_secret=secret))
    assert secret not in str(caught.value)
    assert prepare(Settings(app_env="development", jwt_secret=secret)).admin_token is None


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_pem_key_is_no_secret(environment: str) -> None:
    with pytest.raises(SettingError, match="a public key goes into JWT_PUBLIC_KEY"):
        prepare(Settings(app_env=environment, jwt_secret=pem(rsa_key())))


def test_a_bad_public_key_stops_the_start() -> None:
    with pytest.raises(SettingError, match="JWT_PUBLIC_KEY does not hold a public key"):
        prepare(Settings(jwt_public_key="-----BEGIN PUBLIC KEY-----"))


def test_prepared_settings_do_not_show_their_secrets(bare: Settings, time: Time) -> None:
    prepared = prepare(bare, time.clock)
    shown = repr(prepared)
    assert str(prepared.settings.jwt_secret) not in shown
    assert str(prepared.admin_token) not in shown
