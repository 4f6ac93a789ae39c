import pytest

from . import require


def test_an_installed_program_is_found() -> None:
    assert require("python3", "install it").endswith("python3")


def test_a_missing_program_skips_the_test_and_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("METERHOUSE_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed: get it"):
        require("no-such-program", "get it")


def test_a_missing_program_fails_where_services_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("METERHOUSE_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed: get it"):
        require("no-such-program", "get it")
