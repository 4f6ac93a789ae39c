"""The command line: its commands, their exit codes, and that nothing of them shows a secret."""

import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from exporter import __version__, cli, server
from exporter.demo import command
from exporter.settings import Settings, declared

SECRET = "a secret of the tests that is long enough for HS256"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Whatever the machine has set is not for these tests."""
    for one in declared():
        monkeypatch.delenv(one.variable, raising=False)


def test_without_a_command_it_says_what_there_is(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "usage: meterhouse" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for name in ("serve", "check-config", "token", "spool", "demo"):
        assert f"\n    {name}" in out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"meterhouse {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["serve"], ["check-config"], ["token", "--sub", "u"], ["demo"]]
)
def test_a_bad_setting_ends_every_command_with_its_message_alone(arguments, monkeypatch, capsys):
    monkeypatch.setenv("PORT", "http")
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert err == "PORT='http' is not a whole number from 0 to 65535.\n"
    assert out == ""


def test_serve_runs_the_service_with_the_settings_of_the_environment(monkeypatch):
    served = []

    def serve(settings: Settings) -> int:
        served.append(settings.port)
        return 7

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setenv("PORT", "6001")
    assert cli.main(["serve"]) == 7
    assert served == [6001]


def test_a_token_says_who_it_is_for(monkeypatch, capsys):
    monkeypatch.setenv("JWT_SECRET", SECRET)
    arguments = ["token", "--sub", "ada", "--role", "admin", "--plan", "pro", "--tenant", "acme"]
    assert cli.main([*arguments, "--ttl", "2h"]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), SECRET, ["HS256"])
    assert (claims["sub"], claims["role"]) == ("ada", "admin")
    assert (claims["plan"], claims["tenant"]) == ("pro", "acme")
    assert claims["exp"] - claims["iat"] == 7_200


def test_in_development_a_token_is_signed_with_the_secret_of_the_data_folder(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert cli.main(["token", "--sub", "ada"]) == 0
    token = capsys.readouterr().out.strip()
    secret = (tmp_path / "data" / "development-secret").read_text().strip()
    claims = jwt.decode(token, secret, ["HS256"])
    assert (claims["role"], claims["plan"], claims["tenant"]) == ("user", "free", "default")
    assert claims["exp"] - claims["iat"] == 86_400


def test_a_token_needs_a_secret(monkeypatch, capsys):
    monkeypatch.setenv("JWT_JWKS_URL", "https://keys.example/jwks.json")
    assert cli.main(["token", "--sub", "ada"]) == 2
    assert "JWT_SECRET" in capsys.readouterr().err


def test_a_token_that_would_be_refused_is_not_printed(monkeypatch, capsys):
    monkeypatch.setenv("JWT_SECRET", SECRET)
    assert cli.main(["token", "--sub", ""]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "sub" in err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2592000)]
)
def test_a_duration_has_a_unit(text, seconds, monkeypatch, capsys):
    monkeypatch.setenv("JWT_SECRET", SECRET)
    assert cli.main(["token", "--sub", "ada", "--ttl", text]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), SECRET, ["HS256"])
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["token", "--sub", "a", "--ttl", "soon"], "'soon' is not a duration such as 90s"),
        (["token", "--sub", "a", "--ttl", "0d"], "'0d' is not a duration such as 90s"),
        (["token", "--sub", "a", "--role", "root"], "invalid choice: 'root'"),
        (["token"], "--sub"),
        (["demo", "--rate", "fast"], "'fast' is not a number above 0"),
        (["demo", "--rate", "0"], "'0' is not a number above 0"),
        (["demo", "--rate", "nan"], "'nan' is not a number above 0"),
        (["demo", "--backfill", "-1"], "--backfill"),
        (["demo", "--events", "0"], "'0' is not a whole number of at least 1"),
        (["demo", "--url", "http://a", "--serve"], "not allowed with"),
        (["serve", "--port", "80"], "unrecognized arguments"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, problem, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_check_config_shows_every_setting_and_whether_it_is_the_default(monkeypatch, capsys):
    monkeypatch.setenv("PORT", "6001")
    monkeypatch.setenv("FRONTEND_URL", "https://a.example,https://b.example")
    assert cli.main(["check-config"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [one.variable for one in declared()]
    shown = {line[0]: " ".join(line[1:]) for line in lines}
    assert shown["PORT"] == "6001 (environment)"
    assert shown["HOST"] == "127.0.0.1 (default)"
    assert shown["RATE_LIMIT_SERVICE_PER_SECOND"] == "0 (default)"
    assert shown["FRONTEND_URL"] == "https://a.example,https://b.example (environment)"
    assert shown["MONGODB_URI"] == "not set (default)"


def test_check_config_never_shows_a_secret(monkeypatch, capsys):
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.setenv("API_KEYS", "web:s3cr3t")
    monkeypatch.setenv("MONGODB_URI", "mongodb://me:s3cr3t@db/meter")
    monkeypatch.setenv("JWT_PUBLIC_KEY", "-----BEGIN\nx")
    assert cli.main(["check-config"]) == 0
    out = capsys.readouterr().out
    assert "s3cr3t" not in out
    assert SECRET not in out
    shown = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert shown["JWT_SECRET"] == shown["API_KEYS"] == ["set", "(environment)"]
    assert shown["API_KEY"] == ["not", "set", "(default)"]
    assert len(out.splitlines()) == len(declared())


def test_check_config_refuses_what_production_would(monkeypatch, capsys):
    monkeypatch.setenv("APP_ENV", "production")
    assert cli.main(["check-config"]) == 2
    assert "JWT_SECRET" in capsys.readouterr().err


def test_check_config_makes_no_files(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check-config"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_demo_gets_what_was_asked_for(monkeypatch):
    asked = []

    def run(settings: Settings, options: command.Options) -> int:
        asked.append(options)
        return 0

    monkeypatch.setattr(command, "run", run)
    assert cli.main(["demo"]) == 0
    assert asked.pop() == command.Options()
    arguments = "--url http://h:1 --rate 2.5 --duration 2m --backfill 90 --events 1000000"
    more = " --seed 7 --users 9 --live"
    assert cli.main(["demo", *(arguments + more).split()]) == 0
    assert asked.pop() == command.Options(
        url="http://h:1",
        rate=2.5,
        duration=120,
        backfill=90,
        events=1_000_000,
        seed=7,
        users=9,
        live=True,
    )


def test_the_module_is_the_command(tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-m", "exporter", "--version"],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stdout == f"meterhouse {__version__}\n"


def test_help_does_not_load_the_service():
    code = (
        "import sys; from exporter.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('aiohttp' in sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stderr == "False\n"
