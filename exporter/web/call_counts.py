"""How the service's own calls are counted: those of one turn of the event loop together."""

from ..metrics import catalogue
from ..metrics.metric import OWN_SERVICE
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..turn import Turn
from .envelope import Envelope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CallCounts:
    """Counts calls; a scrape that is asked for after a call's answer shows it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._turn = Turn(self._count)

    def add(self, answered: Envelope) -> None:
        """Count a call before the loop's next turn. To be called where a loop runs."""
        self._turn.add(answered)

    def _count(self, answered: list[Envelope]) -> None:
        tally = Tally()
        for call in answered:
            method = call.method if call.method in METHODS else "other"
            labels = (OWN_SERVICE, call.endpoint, method, str(call.status))
            exemplar = ("request_id", call.request_id)
            if call.trace_id is not None:
                exemplar = ("trace_id", call.trace_id)
            tally.inc(catalogue.HTTP_REQUESTS, labels)
            tally.observe(catalogue.HTTP_REQUEST_DURATION, labels, call.seconds, exemplar)
        self._metrics.apply(tally)
