"""What an alert's labels and annotations mean."""

from datetime import timedelta

import pytest

from exporter.alerts.report import NAME_LENGTH, TITLE_LENGTH, alert_id, fingerprint_of, fitting

from ..conftest import NOW
from .reports import FINGERPRINT, report


@pytest.mark.parametrize(
    ("said", "severity", "alert_type"),
    [
        ("critical", "critical", "error"),
        ("page", "critical", "error"),
        ("Critical", "critical", "error"),
        ("high", "high", "error"),
        ("error", "high", "error"),
        ("warning", "medium", "warning"),
        ("medium", "medium", "warning"),
        ("info", "low", "info"),
        ("low", "low", "info"),
        ("purple", "medium", "warning"),
    ],
)
def test_severities_are_the_records_own(said: str, severity: str, alert_type: str) -> None:
    assert report(labels={"severity": said}).severity == (severity, alert_type)


def test_an_alert_that_says_nothing_is_a_warning_of_no_category() -> None:
    empty = report(labels={}, annotations={})
    assert empty.severity == ("medium", "warning")
    assert empty.category == "other"
    assert (empty.alertname, empty.title, empty.message) == ("unnamed", "unnamed", "unnamed")


@pytest.mark.parametrize(
    ("annotations", "title", "message"),
    [
        ({"summary": "Short", "description": "Long"}, "Short", "Long"),
        (
            {"title": "Short", "message": "Long", "summary": "x", "description": "y"},
            "Short",
            "Long",
        ),
        ({"summary": "Short"}, "Short", "Short"),
        ({"description": "Long"}, "PaymentsFailing", "Long"),
        ({"summary": "", "description": ""}, "PaymentsFailing", "PaymentsFailing"),
    ],
)
def test_words_come_from_the_annotations(
    annotations: dict[str, str], title: str, message: str
) -> None:
    said = report(annotations=annotations)
    assert (said.title, said.message) == (title, message)


def test_names_and_titles_have_an_end() -> None:
    long = "x" * 10_000
    said = report(labels={"alertname": long, "category": long}, annotations={"summary": long})
    assert len(said.alertname) == len(said.category) == NAME_LENGTH
    assert len(said.title) == TITLE_LENGTH


def test_the_key_is_the_fingerprint_and_the_start_to_the_millisecond() -> None:
    assert alert_id(FINGERPRINT, NOW) == f"{FINGERPRINT}-1773576000000"
    assert alert_id(FINGERPRINT, NOW + timedelta(microseconds=999)) == report().alert_id
    assert alert_id(FINGERPRINT, NOW + timedelta(milliseconds=1)) != report().alert_id


def test_a_fingerprint_is_of_the_labels_in_any_order() -> None:
    one = fingerprint_of({"a": "1", "b": "2"})
    assert one == fingerprint_of({"b": "2", "a": "1"})
    assert len(one) == 16
    assert one != fingerprint_of({"a": "1b", "": "2"})


def test_what_is_kept_of_too_many_labels_says_most() -> None:
    labels = {f"label{number:05}": "v" * 100 for number in range(500)} | {"severity": "critical"}
    kept = fitting(labels)
    assert kept.keys() < labels.keys()
    assert list(kept)[:2] == ["severity", "label00000"]
    assert fitting(kept) == kept


def test_one_label_that_is_too_long_goes_alone() -> None:
    assert fitting({"alertname": "x" * 20_000, "b": "2"}) == {"b": "2"}
