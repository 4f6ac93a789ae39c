"""docs/deploy.md: what it points to exists, and the backup that it shows is one."""

import json
import re
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.services.service import KEY, Process, running

from .files import PAGE, ROOT, services


def post(service: Process, request_id: str) -> None:
    """Track an AI request, and return when it is acknowledged."""
    request = urllib.request.Request(
        service.url + "/api/ai-tracking/track",
        json.dumps({"requestId": request_id, "model": "gpt-4o"}).encode(),
        {"X-API-Key": KEY, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 201


def test_every_path_that_the_page_points_to_exists():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", PAGE)
    assert links
    for path in links:
        assert (ROOT / "docs" / path).exists(), path


def test_every_service_that_the_page_runs_something_in_exists():
    called = re.findall(r"docker compose exec (?:-T |--env \S+ )*([a-z]+)", PAGE)
    assert called
    assert set(called) <= set(services())


def back_up(data: Path) -> Path:
    """Run the page's backup on a data folder; the file that it made."""
    (code,) = re.findall(r'^    docker exec meterhouse python -c "(.*)"$', PAGE, re.M)
    code = code.replace('\\"', '"').replace("/data/", f"{data}/")
    subprocess.run([sys.executable, "-c", code], check=True)
    return data / "backup.sqlite"


def test_a_backup_of_a_running_service_has_all_that_was_acknowledged(tmp_path: Path):
    with running(tmp_path / "data") as service:
        for number in range(20):
            post(service, f"before-{number}")
        backup = back_up(tmp_path / "data")
        post(service, "after")
    with closing(sqlite3.connect(backup)) as kept:
        assert kept.execute("SELECT COUNT(*) FROM ai_requests").fetchone() == (20,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_restored_backup_is_what_the_service_goes_on_with(tmp_path: Path):
    with running(tmp_path / "old") as service:
        post(service, "kept")
        backup = back_up(tmp_path / "old")
    (tmp_path / "new").mkdir()
    backup.rename(tmp_path / "new" / "meterhouse.sqlite")
    with running(tmp_path / "new") as service:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(service, "kept")
        caught.value.close()
        assert caught.value.code == 409
