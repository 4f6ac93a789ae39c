"""Keys and tokens for the tests of access, good ones and forged ones."""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..outside import START
from .conftest import SECRET

NOW = int(START.timestamp())
HOUR = 3600


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """A private RSA key; another for each `number`."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1, number: int = 0) -> Any:
    """A private key on an elliptic curve; another for each `number`."""
    return ec.generate_private_key(curve())


def pem(private: Any) -> str:
    """The public key that goes with a private one."""
    encoded: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded.decode()


def private_pem(private: Any) -> str:
    """The private key itself."""
    encoded: bytes = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return encoded.decode()


def token(
    key: Any = SECRET, algorithm: str = "HS256", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A token of `ada` that is valid for an hour; a claim given as None is left out."""
    merged = {"sub": "ada", "exp": NOW + HOUR, **claims}
    kept = {name: value for name, value in merged.items() if value is not None}
    return jwt.api_jws.encode(json.dumps(kept).encode(), key, algorithm, headers=header)


def forged(header: dict[str, Any] | bytes, payload: Any, secret: bytes = SECRET.encode()) -> str:
    """A token with any header and payload at all, signed as HS256 whatever the header says."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    ]
    signed = ".".join(_base64(part) for part in parts)
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
