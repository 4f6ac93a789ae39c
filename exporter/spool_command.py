"""The `spool` command: what could not be replayed, and what is to become of it.

It works on the spool's file, whether the service runs or not; a running service looks into it
every few seconds.
"""

import asyncio
import sys
from collections.abc import Sequence

from .clock import rfc3339
from .ingest.spooled import Packing
from .ingest.step import Step
from .records import FAMILIES
from .settings import Settings
from .storage.base import StoreUnavailable
from .storage.spool import Dead, Spool

MOST = 1_000_000
"""Dead letters that are looked at; there are never as many."""


def run(settings: Settings, action: str, seqs: Sequence[int]) -> int:
    """List, retry or drop dead letters; all of them where none is named. The exit code."""
    try:
        return asyncio.run(_run(settings, action, seqs))
    except StoreUnavailable as error:
        print(error, file=sys.stderr)
        return 1


async def _run(settings: Settings, action: str, seqs: Sequence[int]) -> int:
    spool = Spool(settings.data_dir / "spool.sqlite", settings.spool_max_bytes)
    await spool.open(own=False)
    try:
        dead = await spool.dead(MOST)
        if action == "list":
            print(f"{spool.fill.waiting} waiting, {spool.fill.dead} set aside")
            packing = Packing(FAMILIES)
            for letter in dead:
                print(_describe(letter, packing))
            return 0
        chosen = seqs or [letter.seq for letter in dead]
        if unknown := set(chosen) - {letter.seq for letter in dead}:
            print(f"not set aside: {', '.join(map(str, sorted(unknown)))}", file=sys.stderr)
            return 1
        moved = await (spool.retry(chosen) if action == "retry" else spool.drop(chosen))
        print(f"{moved} {'wait again' if action == 'retry' else 'dropped'}")
        return 0
    finally:
        await spool.close()


def _describe(letter: Dead, packing: Packing) -> str:
    """One line: its number, when and why it was set aside, and which record it is of."""
    try:
        entry = packing.unpack(letter.entry)
    except (ValueError, KeyError):
        what = f"{len(letter.entry)} bytes"
    else:
        command = entry.command if isinstance(entry, Step) else entry
        change = f" {command.change.name}" if command else ""
        what = " ".join(entry.identity) + change
    return f"{letter.seq}  {rfc3339(letter.at)}  {letter.reason}  {what}"
