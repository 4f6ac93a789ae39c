"""What the test asks Prometheus and Alertmanager, by their HTTP APIs."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus at `url`."""

    url: str

    def instant(self, expr: str) -> list[Any]:
        """The series of an instant query, now."""
        return list(self._data("query", query=expr)["result"])

    def over_time(self, expr: str, start: float, end: float, step: float) -> list[Any]:
        """The series of a range query."""
        data = self._data("query_range", query=expr, start=start, end=end, step=step)
        return list(data["result"])

    def series(self, selector: str) -> list[dict[str, str]]:
        """The label sets of the series that a selector finds."""
        return list(self._data("series", **{"match[]": selector}))

    def rules(self) -> list[Any]:
        """Every rule with its state."""
        return [rule for group in self._data("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> dict[str, str]:
        """The health of the target of each job."""
        active = self._data("targets")["activeTargets"]
        return {one["labels"]["job"]: one["health"] for one in active}

    def _data(self, path: str, **parameters: Any) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            answer = get(f"{self.url}/api/v1/{path}?{query}")
        except urllib.error.HTTPError as refused:
            with refused:
                raise AssertionError(f"{parameters}: {refused.read().decode()}") from refused
        assert answer["status"] == "success", answer
        return answer["data"]


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager at `url`."""

    url: str

    def alerts(self) -> dict[str, Any]:
        """The alerts that are not resolved, by their name; one of each name."""
        return {one["labels"]["alertname"]: one for one in self._all()}

    def burns(self, name: str, **labels: str) -> bool:
        """Whether there is an unresolved alert of that name with those labels."""
        wanted = {"alertname": name, **labels}
        return any(wanted.items() <= one["labels"].items() for one in self._all())

    def _all(self) -> list[Any]:
        found: list[Any] = get(f"{self.url}/api/v2/alerts")
        return found


def get(url: str) -> Any:
    """The JSON of a GET."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        return json.load(answer)


def has_data(series: list[Any]) -> bool:
    """Whether an answer has a number."""
    return any(
        value != "NaN"
        for one in series
        for _, value in one.get("values", [one.get("value", (0, "NaN"))])
    )
