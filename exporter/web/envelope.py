"""What a call is known by from its arrival to its count."""

import msgspec


class Envelope(msgspec.Struct):
    """A call: its method, its id, its trace, the endpoint that took it, who calls; and in the end
    what it was answered, and after how many seconds."""

    method: str
    request_id: str
    trace_id: str | None
    endpoint: str = "unmatched"
    caller: str | None = None
    status: int = 0
    seconds: float = 0.0
