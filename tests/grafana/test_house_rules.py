"""What holds for every dashboard and every panel; the rules of Grafana's own linter among it."""

import json
import re
from collections import Counter

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.render import DASHBOARDS, files

from .reading import FILES, FOLDER, ROOT, asked, dashboard, everything, panels, settings, targets

GRID = 24
PROVIDER = ROOT / "grafana" / "provisioning" / "dashboards" / "meterhouse.yml"
ALL_PANELS = [(board["uid"], panel) for board in everything() for panel in panels(board)]
LINTER = yaml.safe_load((FOLDER / ".lint").read_text())
UNITS = {
    "short",
    "percent",
    "percentunit",
    "s",
    "dthms",
    "bytes",
    "Bps",
    "ops",
    "reqps",
    "currencyUSD",
    "currencyEUR",
    "currencyGBP",
    "currencyJPY",
}
"""Ids that Grafana and its linter know: any other text is shown as it is."""
RATE = re.compile(r"\bi?rate\([^\[]*\[([^\]]+)\]")
OPEN = {"model", "feature", "service", "endpoint", "event", "operation"}
"""Labels that may have many values."""
SMALL = 200_000
"""The bytes of a picture of a dashboard."""

on_each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
on_each_panel = pytest.mark.parametrize(
    ("uid", "panel"), ALL_PANELS, ids=[f"{uid}/{panel['title']}" for uid, panel in ALL_PANELS]
)


def test_the_files_are_those_that_the_code_gives():
    names = {path.name for path in FILES} | {".lint"}
    assert {f"grafana/dashboards/{name}" for name in names} == set(files())
    for name, text in files().items():
        assert (ROOT / name).read_text() == text()


def test_a_dashboard_is_made_the_same_twice():
    for text in files().values():
        assert text() == text()


def test_uids_are_those_that_alerts_name_and_titles_are_unique():
    boards = everything()
    assert {board["uid"] for board in boards} == {page.uid for page in DASHBOARDS}
    assert len({board["title"] for board in boards}) == len(boards)


@on_each
def test_the_sdk_reads_it_and_writes_it_again_without_a_change(path):
    board = dashboard(path)
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert again == board


@on_each
def test_the_house_defaults_hold(path):
    board = dashboard(path)
    assert board["time"] == {"from": "now-6h", "to": "now"}
    assert board["refresh"] == "1m"
    assert board["graphTooltip"] == 1
    assert board["editable"] is False
    assert board["description"]
    (link,) = board["links"]
    assert set(link["tags"]) == set(board["tags"])
    assert any("ALERTS" in one["expr"] for one in board["annotations"]["list"])


@on_each
def test_the_variables_have_the_form_that_the_linter_asks_for(path):
    variables = {one["name"]: one for one in dashboard(path)["templating"]["list"]}
    source = variables.pop("datasource")
    assert (source["type"], source["query"], source["label"]) == (
        "datasource",
        "prometheus",
        "Data source",
    )
    for name in ("job", "instance"):
        assert variables[name]["type"] == "query"
        assert variables[name]["label"] == name.title()
        assert variables[name]["multi"] is True
        assert variables[name]["allValue"] == ".+"
    for one in variables.values():
        assert one["label"]
        assert one["description"]
        if one["type"] == "query":
            assert one["refresh"] == 2
            assert one["datasource"]["uid"] == "${datasource}"


@on_each
def test_every_variable_is_used(path):
    text = "".join(one.text for one in asked(dashboard(path)))
    for variable in dashboard(path)["templating"]["list"]:
        assert f"${variable['name']}" in text or variable["name"] == "datasource"


@on_each
def test_panel_ids_and_titles_are_unique(path):
    board = dashboard(path)
    assert max(Counter(one["id"] for one in board["panels"]).values()) == 1
    assert max(Counter(one["title"] for one in panels(board)).values()) == 1


@on_each
def test_no_panel_overlaps_another_or_leaves_the_grid(path):
    taken = set()
    for panel in dashboard(path)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells
        assert place["x"] + place["w"] <= GRID
        assert not cells & taken, panel["title"]
        taken |= cells


@on_each
def test_every_row_is_filled_from_left_to_right(path):
    by_line = Counter()
    for panel in panels(dashboard(path)):
        by_line[panel["gridPos"]["y"]] += panel["gridPos"]["w"]
    assert set(by_line.values()) == {GRID}


@on_each_panel
def test_a_panel_says_what_it_shows(uid, panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert all(look.get("unit", "short") in UNITS for look in settings(panel).values())
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert all(target["legendFormat"] for target in panel["targets"])
    if panel["type"] in ("timeseries", "heatmap"):
        legend = panel["options"]["legend"]
        assert legend.get("show", legend.get("showLegend"))


@on_each
def test_every_query_is_of_the_chosen_job_and_instances(path):
    for one in targets(dashboard(path)):
        chosen = one.text.count('{job=~"$job", instance=~"$instance"')
        others = sum(one.text.count(f"{name}{{") for name in one.aggregated())
        assert one.text.count("{") == chosen + others, one.place
        assert chosen or one.aggregated()


def test_the_linter_is_told_of_each_query_that_is_of_no_job_and_of_no_other():
    without = {
        (board["title"], panel["title"])
        for board in everything()
        for panel, its in (
            (panel, targets({**board, "panels": [panel]})) for panel in panels(board)
        )
        if any(one.aggregated() for one in its)
    }
    for rule in ("target-job-rule", "target-instance-rule"):
        entries = LINTER["exclusions"][rule]["entries"]
        assert all(entry["reason"] for entry in entries)
        assert {(entry["dashboard"], entry["panel"]) for entry in entries} == without
    assert set(LINTER["exclusions"]) == {"target-job-rule", "target-instance-rule"}
    assert "warnings" not in LINTER


@on_each_panel
def test_a_rate_is_over_the_rate_interval(uid, panel):
    for target in panel["targets"]:
        assert set(RATE.findall(target["expr"])) <= {"$__rate_interval"}
        assert target["datasource"]["uid"] == "${datasource}"


def test_grafana_is_told_where_they_are():
    (provider,) = yaml.safe_load(PROVIDER.read_text())["providers"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    volumes = compose["services"]["grafana"]["volumes"]
    folder = FOLDER.relative_to(ROOT)
    assert f"./{folder}:{provider['options']['path']}:ro" in volumes
    assert provider["folder"]


@on_each
def test_the_page_shows_every_dashboard(path):
    page = (ROOT / "docs" / "dashboards.md").read_text()
    assert f"(dashboards/{path.stem}.png)" in page
    assert (ROOT / "docs" / "dashboards" / f"{path.stem}.png").stat().st_size < SMALL
    assert f"`{path.stem}`" in page


@on_each_panel
def test_a_click_on_a_number_opens_a_dashboard_that_exists(uid, panel):
    for link in panel["fieldConfig"]["defaults"].get("links", ()):
        found = re.fullmatch(
            r"/d/([a-z-]+)\?\$\{__url_time_range\}&\$\{__all_variables\}", link["url"]
        )
        assert found[1] in {page.uid for page in DASHBOARDS} - {uid}


@on_each_panel
def test_a_broad_panel_names_its_lines_beside_them(uid, panel):
    if panel["type"] != "timeseries":
        return
    legend = panel["options"]["legend"]
    beside = panel["gridPos"]["w"] >= GRID / 2
    assert legend["placement"] == ("right" if beside else "bottom")
    assert legend["displayMode"] == ("table" if beside else "list")
    assert legend["calcs"] == (["lastNotNull"] if beside else [])


@on_each_panel
def test_names_of_an_open_set_are_few_enough_to_tell_apart(uid, panel):
    if panel["type"] in ("timeseries", "heatmap", "bargauge"):
        for target in panel["targets"]:
            if OPEN & set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])):
                few = re.search(r"\b(top|bottom)k\(", target["expr"])
                assert few or panel["gridPos"]["w"] >= GRID / 2
