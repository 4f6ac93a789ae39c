"""Runs the service beside the demo: one command for both."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp

from ..settings import Settings
from .client import DemoError

START_SECONDS = 30.0
_POLL_SECONDS = 0.05
STOP_SECONDS = 5.0
"""What the service may take to stop, beside the time that its setting gives to calls."""


def running(
    settings: Settings, url: str, added: Mapping[str, str]
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """The service, ready at `url`, with `added` to its environment; it ends with the block.

    Raises DemoError as `program` does.
    """
    command = (sys.executable, "-m", "exporter", "serve")
    return program(command, url, added, settings.shutdown_seconds + STOP_SECONDS)


@asynccontextmanager
async def program(
    command: Sequence[str], url: str, added: Mapping[str, str], patience: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that serves `url`; it is ready when the block begins, and ends with the block.

    It gets SIGTERM, and SIGKILL when that took longer than `patience` seconds. Raises DemoError
    when it ends before it is ready, or is not ready in time.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **added},  # not read here: the program does that by itself
        # Ctrl-C reaches the demo alone, which stops posting first and then the service
        start_new_session=True,
    )
    try:
        await _ready(process, url)
        yield process
    finally:
        await _stop(process, patience)


async def _ready(process: asyncio.subprocess.Process, url: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_SECONDS
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and loop.time() < deadline:
            try:
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(_POLL_SECONDS)
    if process.returncode is not None:
        raise DemoError(f"The service ended with exit code {process.returncode}.")
    raise DemoError(f"The service was not ready within {START_SECONDS:g} seconds.")


async def _stop(process: asyncio.subprocess.Process, patience: float) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        await process.wait()
