from pathlib import Path

from exporter.metrics.catalogue import CATALOGUE
from exporter.metrics.docs import lint, render

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_committed_page_is_the_generated_one():
    assert PAGE.read_bytes() == render().encode(), "run `make generate`"


def test_the_page_has_a_row_for_every_metric():
    page = render()

    for metric in CATALOGUE:
        assert f"\n| `{metric.name}` | {metric.kind} | " in page


def test_the_page_says_which_labels_are_open():
    assert "| `ai_request_tokens_total` | counter | *model*, type, *user_plan* |" in render()


def test_the_page_shows_the_shares_of_the_label_guard():
    assert "histograms get 25% of both" in render()
    assert "| service | 50% | 100 |" in render()


def test_accepted_complaints_are_listed_with_their_reason():
    page = lint({"foo_gauge no help text": "nobody needs help"})

    assert "| foo_gauge no help text | nobody needs help |\n" in page
