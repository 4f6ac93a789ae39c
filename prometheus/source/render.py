"""Rule files (Prometheus's and its operator's), promtool tests and the runbook, as text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs would be one more dependency

from grafana.render import panel_url

from .rule import JOB, Alert, Case, Fire, Record, Subject

RUNBOOK = "https://github.com/meterhouse/meterhouse/blob/main/docs/runbook.md"
_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_LABEL = re.compile(r"\$labels\.(\w+)")
_HEAD = "# Written by `make generate`; the declarations are in prometheus/source/.\n"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the base is untyped, see above
    """Keeps expressions of several lines as they are, and has no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def rules(subject: Subject) -> str:
    """The rule file of a subject."""
    return _file({"groups": [_group(subject)]})


def kubernetes(subjects: Sequence[Subject]) -> str:
    """The rules of all subjects as the Prometheus Operator takes them: a PrometheusRule."""
    return _file(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "meterhouse", "labels": {"app.kubernetes.io/name": "meterhouse"}},
            "spec": {
                "groups": [{**_group(one), "name": f"meterhouse-{one.name}"} for one in subjects]
            },
        },
        "# For the Prometheus Operator; its Prometheus may want a label here (`release: …`).\n",
    )


def tests(subject: Subject) -> str:
    """The promtool tests of a subject's rules."""
    alike: dict[str, list[Record]] = {}
    for record in subject.records:
        alike.setdefault(f"{record.series} {record.at}", []).append(record)
    groups = [_record_test(subject, records) for records in alike.values()]
    groups += [_alert_test(subject, one, case) for one in subject.alerts for case in one.cases]
    return _file(
        {
            "rule_files": [f"../rules/{subject.name}.yml"],
            "evaluation_interval": subject.step,
            "tests": groups,
        },
    )


def _file(content: Mapping[str, Any], note: str = "") -> str:
    dumped = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
    return f"{_HEAD}{note}{dumped}"


def _group(subject: Subject) -> dict[str, Any]:
    """Recording rules first: an alert sees what they gave in the same run."""
    recorded = [{"record": one.name, "expr": _query(one.expr)} for one in subject.records]
    return {
        "name": subject.name,
        "rules": recorded + [_rule(subject, one) for one in subject.alerts],
    }


def _query(expr: str) -> str:
    lines = [line.strip() for line in expr.strip().splitlines()]
    return "\n".join(lines).replace("$job", JOB)


def _rule(subject: Subject, alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": _query(alert.expr),
        **({} if alert.wait == "0m" else {"for": alert.wait}),
        "labels": _labels(subject, alert),
        "annotations": _annotations(subject, alert, alert.summary, alert.description),
    }


def _labels(subject: Subject, alert: Alert) -> dict[str, str]:
    return {"severity": alert.severity, "category": subject.category, **alert.labels}


def _annotations(subject: Subject, alert: Alert, summary: str, description: str) -> dict[str, str]:
    return {
        "summary": summary,
        "description": description,
        "runbook_url": f"{RUNBOOK}#{alert.name.lower()}",
        "dashboard_url": panel_url(alert.dashboard or subject.dashboard, alert.panel),
    }


def _record_test(subject: Subject, records: Sequence[Record]) -> dict[str, Any]:
    """One test for all `records` of the same series; rounded, as promtool compares to the bit."""
    return {
        "name": " ".join(record.name for record in records),
        "interval": subject.step,
        "input_series": _series(records[0].series),
        "promql_expr_test": [
            {
                "expr": f"round({record.name}, 0.0001)",
                "eval_time": record.at,
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in record.values.items()
                ],
            }
            for record in records
        ],
    }


def _alert_test(subject: Subject, alert: Alert, case: Case) -> dict[str, Any]:
    return {
        "name": f"{alert.name}: {case.what}",
        "interval": subject.step,
        "input_series": _series(case.series),
        "alert_rule_test": [
            {
                "eval_time": at,
                "alertname": alert.name,
                "exp_alerts": [_expected(subject, alert.name, fire) for fire in fires],
            }
            for at, fires in case.then.items()
        ],
    }


def _series(series: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"series": name.replace("$job", JOB), "values": values} for name, values in series.items()
    ]


def _expected(subject: Subject, name: str, fire: Fire) -> dict[str, Any]:
    """What promtool has to see; of the alerts of that name it is the one with those labels."""
    [alert] = [
        one
        for one in subject.alerts
        if one.name == name and one.labels.items() <= fire.labels.items()
    ]
    said = iter(fire.said)
    filled = [_filled(text, fire, said) for text in (alert.summary, alert.description)]
    if left := list(said):
        raise ValueError(f"{name}: nothing says {left}")
    return {
        "exp_labels": {**fire.labels, **_labels(subject, alert)},
        "exp_annotations": _annotations(subject, alert, *filled),
    }


def _filled(text: str, fire: Fire, said: Any) -> str:
    def fill(found: re.Match[str]) -> str:
        label = _LABEL.fullmatch(found[1])
        return fire.labels[label[1]] if label else str(next(said))

    return _TEMPLATE.sub(fill, text)


_PAGE = """\
<!-- Written by `make generate`; the declarations are in prometheus/source/. -->

# Runbook

A section for each alert, by subject. `severity` says how soon: *critical* wakes somebody, *warning*
is for the working day, *info* is for a report or for a machine. Each alert leads here by its
`runbook_url` and to the panel that shows it by its `dashboard_url`, below Grafana's address.

To silence an alert, say who does it, why, and for how long, and name its labels, so that another
service's or model's trouble is still heard:

    amtool silence add alertname=<name> <label>=<value> --duration=2h --author=<you> --comment=<why>

A silence that is renewed a third time is a threshold that is wrong: change it in
`prometheus/source/` and run `make generate`.
"""


def runbook(subjects: Sequence[Subject]) -> str:
    """docs/runbook.md: a section an alert name, by subject."""
    return _PAGE + "".join(
        f"\n## {subject.title}\n"
        + "".join(
            _section(subject, [one for one in subject.alerts if one.name == name])
            for name in dict.fromkeys(alert.name for alert in subject.alerts)
        )
        for subject in subjects
    )


def _section(subject: Subject, alerts: Sequence[Alert]) -> str:
    first = alerts[0]
    severity = " or ".join(dict.fromkeys(f"*{one.severity}*" for one in alerts))
    wait = " or ".join(dict.fromkeys(one.wait for one in alerts))
    after = "" if wait == "0m" else f", after {wait}"
    queries = "\n\n".join(_query(one.expr) for one in alerts)
    return f"""
### {first.name}

{severity}{after}; dashboard `/d/{subject.dashboard}`.

**What it means.** {first.means}

**How to see it.** {first.see}

```promql
{queries}
```

**What to do.** {first.act}

**When to silence it.** {first.quiet}
"""
