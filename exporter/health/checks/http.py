"""Another service answers over HTTP as it should.

With `https` the certificate is looked at as well, on a connection of its own: when it ends is
shown as `health_check_tls_expiry_timestamp_seconds`, a little while before that the check is
degraded, and then it fails. A redirect is an answer like any other and is not followed.
"""

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from msgspec import Meta, field

from ..check import Check, Days, Finding, Unhealthy
from ..fetch import Fetched, fetch, said, unreachable
from ..tls import expiry, judge
from ..tools import Tools

HTTPS_PORT = 443
FINE = range(200, 300)

Address = Annotated[
    str, Meta(pattern=r"^https?://[^\s/?#]+[^\s]*$", max_length=2_048, description="What to ask.")
]
Code = Annotated[int, Meta(ge=100, le=599)]


class Http(Check, frozen=True, kw_only=True, tag="http"):
    """Sends a request and looks at the answer."""

    custom: ClassVar[bool] = True
    url: Address
    method: Annotated[Literal["GET", "HEAD", "POST"], Meta(description="How to ask.")] = "GET"
    headers: Annotated[dict[str, str], Meta(description="Headers to send.")] = field(
        default_factory=dict
    )
    status: Annotated[
        list[Code], Meta(description="What it may answer with; from 200 to 299, if left out.")
    ] = field(default_factory=list)
    body: Annotated[str, Meta(description="Text that has to be in the answer's first 256 KiB.")] = (
        ""
    )
    ca_file: Annotated[
        str | None,
        Meta(description="File of the authorities to trust, in PEM, instead of the system's."),
    ] = None
    certificate_days: Annotated[
        Days, Meta(description="A certificate that ends within so many days is degraded.")
    ] = 14.0

    async def run(self, tools: Tools) -> Finding:
        """Whether it answers as it should; what is wrong with its certificate comes second."""
        found = Finding()
        if self.url.startswith("https:"):
            found = await self._certificate(tools)
        try:
            answer = await fetch(
                tools, self.url, method=self.method, headers=self.headers, ca_file=self.ca_file
            )
            self._judge(answer)
        except Unhealthy as failure:
            raise Unhealthy(str(failure), found.expires) from failure
        return found

    async def _certificate(self, tools: Tools) -> Finding:
        where = urlsplit(self.url)
        try:
            expires = await expiry(
                where.hostname or "", where.port or HTTPS_PORT, tools.context(self.ca_file)
            )
        except OSError as error:
            raise unreachable(error) from error
        return judge(expires, tools.clock, self.certificate_days)

    def _judge(self, answer: Fetched) -> None:
        if answer.status not in (self.status or FINE):
            raise said(answer, ", ".join(map(str, self.status)) or "one from 200 to 299")
        if self.body.encode() not in answer.body:
            raise Unhealthy("Its answer lacks the text that has to be in it.")
