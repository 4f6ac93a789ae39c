"""A MongoDB-compatible server for the tests of one session, and databases in it."""

import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient

from . import absent
from .proxy import Proxy

COMMAND = Path(__file__).with_name("mongodb")
NOT_INSTALLED = 4
DEFAULT_PORT = 27017


@contextmanager
def running_mongodb(folder: Path) -> Iterator[str]:
    """The URI of a server that is stopped in the end; TEST_MONGODB_URI names one to use instead.

    Skips or fails where none is installed.
    """
    given = os.environ.get("TEST_MONGODB_URI")
    if given:
        yield given
        return
    if os.geteuid() != 0:
        absent("the MongoDB-compatible server runs as root only; or set TEST_MONGODB_URI")
    started = _run("start", folder, "--no-fsync")
    if started.returncode == NOT_INSTALLED:
        absent("the MongoDB-compatible server is not installed: tests/services/mongodb install")
    started.check_returncode()
    try:
        yield started.stdout.split()[-1]
    finally:
        _run("stop", folder, "--kill").check_returncode()


@contextmanager
def own_database(uri: str) -> Iterator[str]:
    """The URI of a new database on the server at `uri`, which is dropped in the end."""
    parts = urlsplit(uri)
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with connected(uri) as client:
            client.drop_database(name)


def empty(uri: str) -> None:
    """Remove all documents of the database that `uri` names; its indexes stay."""
    with connected(uri) as client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            if not name.startswith("system."):
                database[name].delete_many({})


@contextmanager
def connected(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A blocking client, for what a test sees to by itself."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, tz_aware=True)
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def through_proxy(uri: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the server at `uri`, and the URI of the same database through it."""
    parts = urlsplit(uri)
    proxy = Proxy(parts.port or DEFAULT_PORT)
    await proxy.start()
    account, at, _ = parts.netloc.rpartition("@")
    netloc = f"{account}{at}127.0.0.1:{proxy.port}"
    try:
        yield proxy, urlunsplit(parts._replace(netloc=netloc, query="directConnection=true"))
    finally:
        await proxy.close()


def _run(command: str, folder: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, command, "--data", folder, *flags],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
