"""How the service's own calls are counted: those of one turn of the event loop together."""

import msgspec

from ..family import Exemplar
from ..metrics import catalogue
from ..metrics.metric import OWN_SERVICE
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..turn import Turn


class Answered(msgspec.Struct, frozen=True):
    """A call as it is counted. `exemplar` names its trace, or the call itself."""

    endpoint: str
    method: str
    status: int
    seconds: float
    exemplar: Exemplar


class CallCounts:
    """Counts calls; a scrape that is asked for after a call's answer shows it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._turn = Turn(self._count)

    def add(self, call: Answered) -> None:
        """Count a call before the loop's next turn. To be called where a loop runs."""
        self._turn.add(call)

    def _count(self, answered: list[Answered]) -> None:
        tally = Tally()
        for call in answered:
            labels = (OWN_SERVICE, call.endpoint, call.method, str(call.status))
            tally.inc(catalogue.HTTP_REQUESTS, labels)
            tally.observe(catalogue.HTTP_REQUEST_DURATION, labels, call.seconds, call.exemplar)
        self._metrics.apply(tally)
