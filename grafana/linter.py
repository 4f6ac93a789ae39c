"""What Grafana's dashboard linter is told to leave out, and why."""

import re
from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.models.prometheus import Dataquery

from .page import Page

BY_RULES = re.compile(r"\b(?:[a-z]+:\w+:\w+|ALERTS\w*)\b")
"""Series that rules make over all replicas: a job and an instance cannot be asked for."""
REASON = "The rules of Prometheus make these series over all replicas: no job or instance is left."
EXCLUDED = ("target-job-rule", "target-instance-rule")


def exclusions(pages: Sequence[Page]) -> str:
    """The linter's configuration: panels that ask for what rules made, for the rules of targets."""
    lines = ["# Written by `make generate`; grafana/linter.py says which panels.", "exclusions:"]
    panels = [(page.title, title) for page in pages for title in _made_by_rules(page)]
    for rule in EXCLUDED:
        lines += [f"  {rule}:", "    entries:"]
        for dashboard, panel in panels:
            lines += [
                f"      - reason: {REASON!r}",
                f"        dashboard: Meterhouse / {dashboard}",
                f"        panel: {panel}",
            ]
    return "\n".join(lines) + "\n"


def _made_by_rules(page: Page) -> Iterator[str]:
    for topic in page.topics:
        for declared in topic.panels:
            panel = declared.builder().build()
            queries = [one.expr for one in panel.targets or () if isinstance(one, Dataquery)]
            if any(BY_RULES.search(re.sub(r'"[^"]*"', '""', query)) for query in queries):
                yield panel.title or ""
