"""One HTTP request of a check, and in words what can go wrong with it."""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from .check import Unhealthy
from .tools import Tools

LARGEST_BODY = 256 * 1024
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True)
class Fetched:
    """An answer: its status, its headers, and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def fetch(
    tools: Tools,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    ca_file: str | None = None,
) -> Fetched:
    """The answer to a request; a redirect is one, and is not followed. Raises Unhealthy."""
    try:
        async with tools.session.request(
            method,
            url,
            headers=headers,
            allow_redirects=False,
            ssl=tools.context(ca_file) if url.startswith("https:") else True,
            timeout=aiohttp.ClientTimeout(total=None),  # the run has its own
        ) as response:
            return Fetched(response.status, response.headers, await _beginning(response))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failure(error) from error


def said(answer: Fetched, wanted: str) -> Unhealthy:
    """What to raise for an answer with another status than `wanted`."""
    return Unhealthy(f"It answers with status {answer.status}, not {wanted}.")


def unreachable(error: OSError) -> Unhealthy:
    """What to raise where no connection can be made; without an address, it may be a secret."""
    if isinstance(error, socket.gaierror):
        return Unhealthy("The name of its host is not known.")
    reason = os.strerror(error.errno) if error.errno else "no address of it answers"
    return Unhealthy(f"It cannot be reached: {reason}.")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.content.readexactly(LARGEST_BODY)
    except asyncio.IncompleteReadError as whole:
        return whole.partial


def _failure(error: Exception) -> Unhealthy:
    match error:
        case aiohttp.ClientConnectorError(os_error=cause):
            return unreachable(cause)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Unhealthy("It closed the connection without an answer.")
    return Unhealthy(f"Its answer cannot be read ({type(error).__name__}).")
