"""Another service accepts connections.

With `tls` a session is agreed on as well, and its certificate looked at as for `http`.
"""

import asyncio
from typing import Annotated, ClassVar

from msgspec import Meta

from ..check import Check, Days, Finding
from ..fetch import unreachable
from ..tls import expiry, judge
from ..tools import Tools


class Tcp(Check, frozen=True, kw_only=True, tag="tcp"):
    """Opens a connection."""

    custom: ClassVar[bool] = True
    host: Annotated[str, Meta(min_length=1, max_length=255, description="A name or an address.")]
    port: Annotated[int, Meta(ge=1, le=65_535, description="Where it listens.")]
    tls: Annotated[bool, Meta(description="Whether it speaks TLS.")] = False
    ca_file: Annotated[
        str | None,
        Meta(description="File of the authorities to trust, in PEM, instead of the system's."),
    ] = None
    certificate_days: Annotated[
        Days, Meta(description="A certificate that ends within so many days is degraded.")
    ] = 14.0

    async def run(self, tools: Tools) -> Finding:
        """Healthy when it was opened."""
        try:
            if self.tls:
                expires = await expiry(self.host, self.port, tools.context(self.ca_file))
                return judge(expires, tools.clock, self.certificate_days)
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            raise unreachable(error) from error
        writer.transport.abort()
        return Finding()
