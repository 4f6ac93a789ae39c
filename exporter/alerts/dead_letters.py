"""The `dead-letters` command: announcements that could not be delivered, and what becomes of them.

It works on the files of the channels, whether the service runs or not; a running service looks
into them every few seconds.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..clock import rfc3339
from ..settings import Settings
from ..storage.base import StoreUnavailable
from ..storage.spool import Dead, Spool
from .announcer import FOLDER, outbox
from .delivery import Letter
from .policy import Policy


def run(settings: Settings, action: str, channel: str | None, seqs: Sequence[int]) -> int:
    """List, retry or drop dead letters of a channel, or of all of them; the exit code.

    All that a channel has are meant where `seqs`, which are numbers in its file, names none.
    """
    names = sorted(path.stem for path in (settings.data_dir / FOLDER).glob("*.sqlite"))
    if channel is not None and channel not in names:
        print(f"nothing was ever sent by {channel}", file=sys.stderr)
        return 1
    try:
        for name in names if channel is None else [channel]:
            path = outbox(settings.data_dir, name)
            if status := asyncio.run(_run(name, path, action, seqs)):
                return status
    except StoreUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(name: str, path: Path, action: str, seqs: Sequence[int]) -> int:
    policy = Policy()
    spool = Spool(path, policy.waiting_bytes)
    await spool.open(own=False)
    try:
        dead = await spool.dead(spool.fill.dead)
        if action == "list":
            print(f"{name}: {spool.fill.waiting} waiting, {len(dead)} given up")
            for letter in dead:
                print(_describe(letter))
            return 0
        chosen = seqs or [letter.seq for letter in dead]
        if unknown := set(chosen) - {letter.seq for letter in dead}:
            print(f"not given up: {', '.join(map(str, sorted(unknown)))}", file=sys.stderr)
            return 1
        moved = await (spool.retry(chosen) if action == "retry" else spool.drop(chosen))
        print(f"{name}: {moved} {'wait again' if action == 'retry' else 'dropped'}")
        return 0
    finally:
        await spool.close()


def _describe(letter: Dead) -> str:
    """One line: its number, when and why it was given up, and what it says."""
    try:
        what = msgspec.msgpack.decode(letter.entry, type=Letter).announced.headline
    except msgspec.DecodeError:
        what = f"{len(letter.entry)} bytes"
    return f"{letter.seq}  {rfc3339(letter.at)}  {letter.reason}  {what}"
