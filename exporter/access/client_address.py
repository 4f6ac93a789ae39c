"""The address that a call came from, seen through the proxies that are trusted."""

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
MAPPED = bytes(10) + b"\xff\xff"
"""The first 12 bytes of an IPv6 address that is an IPv4 one in disguise."""
SUBSCRIBER_BYTES = 8
FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]
) -> str:
    """The caller's address, in the usual form: no port, no zone, no IPv4 in IPv6's dress.

    `peer` is the other end of the connection, `forwarded_for` the X-Forwarded-For headers in
    order. Each proxy adds the address that it was called from at the right, so from the right it
    is read, for as long as the hop before is trusted; the first that is not is the caller. What is
    no address ends the reading: the last hop that is known for certain counts, since anything
    further left could be the caller's own invention. `unknown` where there is no peer's address.
    """
    if peer and not trusted and ":" not in peer:
        return peer
    address = _packed(peer or "")
    if address is None:
        return UNKNOWN
    for text in _from_the_right(forwarded_for):
        if not _is_trusted(address, trusted):
            break
        before = _packed(text)
        if before is None:
            break
        address = before
    return socket.inet_ntop(FAMILIES[len(address)], address)


def subscriber(address: str) -> str:
    """A name for one caller among addresses: an IPv4 address, or the /64 of an IPv6 one in hex.

    A single customer has 2^64 IPv6 addresses, and could call from a new one each time.
    """
    if ":" not in address:
        return address
    packed = _packed(address)
    return address if packed is None else packed[:SUBSCRIBER_BYTES].hex()


def _from_the_right(headers: Sequence[str]) -> Iterator[str]:
    for header in reversed(headers):
        for part in reversed(header.split(",")):
            if text := part.strip():
                yield text


def _is_trusted(address: bytes, trusted: Sequence[Network]) -> bool:
    parsed = ip_address(address)
    return any(parsed in network for network in trusted)


def _packed(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, with or without a port; None for what is no address.

    The C library reads it, which takes a tenth of the time of `ipaddress`.
    """
    family = socket.AF_INET6
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") <= 1:
        family = socket.AF_INET
        text = text.partition(":")[0]
    try:
        address = socket.inet_pton(family, text.partition("%")[0])
    except (OSError, ValueError):
        return None
    return address[len(MAPPED) :] if address.startswith(MAPPED) else address
