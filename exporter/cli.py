"""The command line: `meterhouse serve`, `token`, `check-config`, `demo` and the others.

Everything that has a setting is configured by the environment alone. What a command works with is
imported when it runs, so that `--help` and `token` are quick.
"""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from . import __version__
from .settings import SettingError, Settings, as_text, declared

REFUSED = 2
"""The exit code for a command or a setting that makes no sense; the same as argparse's."""

_FASTEST = 1_000_000
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (those of the process) name; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(Settings.from_environment(), options))
    except SettingError as error:
        print(error, file=sys.stderr)
        return REFUSED


def serve(settings: Settings, options: Namespace) -> int:
    """Run the service until it is told to stop."""
    from . import server

    return server.serve(settings)


def token(settings: Settings, options: Namespace) -> int:
    """Print a token for a user, signed with the service's own secret."""
    from .access.secrets import prepare
    from .access.tokens import issue
    from .clock import now

    secret = prepare(settings).settings.jwt_secret
    if secret is None:
        raise SettingError("A token can be issued with JWT_SECRET only, and it is not set.")
    try:
        issued = issue(
            secret,
            sub=options.sub,
            role=options.role,
            plan=options.plan,
            tenant=options.tenant,
            ttl_seconds=options.ttl,
            now=now(),
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return REFUSED
    print(issued)
    return 0


def check_config(settings: Settings, options: Namespace) -> int:
    """Print every setting in force; read the file of health checks, and in production check that
    the secrets are real ones."""
    from .access.secrets import prepare
    from .health.declared import declared as checks

    lines = []
    for one in declared():
        value = getattr(settings, one.name)
        shown = "set" if one.secret else as_text(value).replace("\n", "\\n")
        if not value and value != 0:
            shown = "not set"
        origin = "default" if value == one.default else "environment"
        lines.append(f"{one.variable:30} {shown}  ({origin})")
    print("\n".join(lines))
    checks(settings)
    if settings.app_env != "development":  # there, it would make the secrets that are missing
        prepare(settings)
    return 0


def spool(settings: Settings, options: Namespace) -> int:
    """List, retry or drop what could not be stored when the database came back."""
    from .spool_command import run

    return run(settings, options.action, options.seq)


def rollup(settings: Settings, options: Namespace) -> int:
    """Make the rollups of a span of time anew."""
    from .rollups.command import run

    return run(settings, options.start, options.end)


def notify_test(settings: Settings, options: Namespace) -> int:
    """Tell the configured channels of a test, and print what each made of it."""
    from .alerts.notify_command import run

    return run(settings, options.channel)


def dead_letters(settings: Settings, options: Namespace) -> int:
    """List, retry or drop announcements of alerts that could not be delivered."""
    from .alerts.dead_letters import run

    return run(settings, options.action, options.channel, options.seq)


def demo(settings: Settings, options: Namespace) -> int:
    """Post believable traffic to a running service, or to one that is started for it."""
    from .demo.command import Options, run

    given = {name: value for name, value in vars(options).items() if name != "run"}
    return run(settings, Options(**given))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "meterhouse",
        description="Telemetry for AI products. Settings come from the environment:"
        " `meterhouse check-config` shows them.",
    )
    parser.add_argument("--version", action="version", version=f"meterhouse {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, help_: str) -> ArgumentParser:
        added = commands.add_parser(name, help=help_, description=help_)
        added.set_defaults(run=run)
        return added

    command("serve", serve, "run the service")
    command("check-config", check_config, "show every setting in force, without the secrets")
    _token_options(command("token", token, "print a token for a user or an admin"))
    _spool_options(command("spool", spool, "look after events that could not be replayed"))
    _rollup_options(command("rollup", rollup, "make rollups anew from what is recorded"))
    tested = command("notify-test", notify_test, "tell the configured channels of a test")
    tested.add_argument("channel", nargs="*", help="their names (all of them)")
    _dead_letter_options(
        command("dead-letters", dead_letters, "look after alerts that nobody could be told of")
    )
    _demo_options(command("demo", demo, "post believable traffic to a running service"))
    return parser


def _token_options(parser: ArgumentParser) -> None:
    parser.add_argument("--sub", required=True, help="the user's id")
    parser.add_argument("--role", choices=("user", "admin"), default="user")
    parser.add_argument("--plan", default="free")
    parser.add_argument("--tenant", default="default")
    parser.add_argument(
        "--ttl", type=_seconds, default="1d", help="how long it holds: 90s, 15m, 12h, 30d (1d)"
    )


def _spool_options(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "retry", "drop"))
    parser.add_argument("seq", type=_count, nargs="*", help="their numbers (all of them)")


def _rollup_options(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("rebuild",))
    parser.add_argument(
        "--from", dest="start", type=_moment, metavar="TIME", help="2026-01-31, in UTC (all)"
    )
    parser.add_argument(
        "--to", dest="end", type=_moment, metavar="TIME", help="up to that time (now)"
    )


def _dead_letter_options(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "retry", "drop"))
    parser.add_argument("channel", nargs="?", help="slack, discord … (all of them)")
    parser.add_argument("seq", type=_count, nargs="*", help="their numbers (all of the channel)")


def _demo_options(parser: ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="address of the service (that of HOST and PORT)")
    where.add_argument("--serve", action="store_true", help="start the service, and end it after")
    parser.add_argument("--rate", type=_positive, default=20.0, help="live calls a second (20)")
    parser.add_argument("--duration", type=_seconds, help="end live calls after: 90s, 15m, 12h")
    parser.add_argument("--backfill", type=_count, metavar="DAYS", help="post the last DAYS days")
    parser.add_argument("--events", type=_count, help="events to backfill (2,000 a day)")
    parser.add_argument("--live", action="store_true", help="go on live after the backfill")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another product (1)")
    parser.add_argument("--users", type=_count, default=500, help="users at any one time (500)")


def _seconds(text: str) -> int:
    """Seconds of a duration: a whole number with `s`, `m`, `h`, `d` or nothing after it."""
    found = re.fullmatch(r"(\d{1,9})([smhd]?)", text)
    if found is None or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is not a duration such as 90s, 15m, 12h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def _moment(text: str) -> datetime:
    """A time as RFC 3339 or a date, in UTC where it does not say."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _FASTEST:
        raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to {_FASTEST:,}")
    return number
