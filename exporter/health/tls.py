"""When the certificate of a server ends, also of one that is refused."""

import asyncio
import ssl
from datetime import datetime, timedelta

from cryptography import x509

from ..clock import Clock, rfc3339, to_milliseconds
from .check import Finding, Level, Unhealthy


async def expiry(host: str, port: int, context: ssl.SSLContext) -> datetime:
    """When the certificate that a server shows ends.

    Unhealthy where it is refused, with its end all the same; OSError where there is no server.
    """
    try:
        return await _shown(host, port, context)
    except ssl.SSLCertVerificationError as error:
        message = f"Its certificate is refused: {error.verify_message}."
        raise Unhealthy(message, await _refused(host, port)) from error
    except ssl.SSLError as error:
        raise Unhealthy(f"No TLS can be agreed on ({error.reason}).") from error


def judge(expires: datetime, clock: Clock, days: float) -> Finding:
    """What a certificate's end means: degraded where it is less than `days` off."""
    left = expires - clock()
    if left <= timedelta():
        return Finding(Level.UNHEALTHY, f"Its certificate ended at {rfc3339(expires)}.", expires)
    if left < timedelta(days=days):
        return Finding(Level.DEGRADED, f"Its certificate ends at {rfc3339(expires)}.", expires)
    return Finding(expires=expires)


async def _refused(host: str, port: int) -> datetime | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is looked at, and nothing is said to its server
    try:
        return await _shown(host, port, context)
    except OSError:  # ssl.SSLError is one
        return None


async def _shown(host: str, port: int, context: ssl.SSLContext) -> datetime:
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return to_milliseconds(x509.load_der_x509_certificate(shown).not_valid_after_utc)
