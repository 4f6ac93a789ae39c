"""Which secrets are too easy to guess to sign the tokens of a production service with."""

import re

LEAST_BYTES = 32
LEAST_DIFFERENT = 8
"""Different characters of a secret; 32 random ones have fewer of them hardly ever."""

PLACEHOLDERS = frozenset(
    {
        "secret",
        "password",
        "mysecret",
        "jwtsecret",
        "secretkey",
        "topsecret",
        "supersecret",
        "development",
        "dev",
        "test",
        "testing",
        "default",
        "qwertyuiopasdfghjklzxcvbnm",
        "example",
        "none",
        "null",
        "todo",
        "abcdef",
        "abcdefghijklmnopqrstuvwxyz",
    }
)
"""Secrets that are none: in lower case, and without signs and the digits around them."""
PLACEHOLDER_PARTS = (
    "changeme",
    "changethis",
    "changeit",
    "changein",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yoursuper",
    "yourjwt",
    "yourkey",
    "your256bit",
    "placeholder",
    "insecure",
    "supersecret",
    "secretkey",
    "pleasechange",
    "donotuse",
)
"""What a placeholder says somewhere, and a random secret never."""


def weakness(secret: str) -> str | None:
    """What is wrong with a secret, to be read after its name; None for one that may be used."""
    plain = re.sub(r"[^a-z0-9]", "", secret.lower())
    word = plain.strip("0123456789")
    if word in PLACEHOLDERS or any(part in plain for part in PLACEHOLDER_PARTS):
        return "is a placeholder"
    if len(secret.encode(errors="surrogateescape")) < LEAST_BYTES:
        return f"has fewer than {LEAST_BYTES} bytes"
    if any(secret.startswith(secret[length:]) for length in range(1, len(secret) // 2 + 1)):
        return "is one part repeated"
    if len(set(secret)) < LEAST_DIFFERENT:
        return f"has fewer than {LEAST_DIFFERENT} different characters"
    return None
