import pytest

from exporter.access.keys import UNNAMED, ServiceKeys
from exporter.access.principal import Principal, Role
from exporter.settings import ServiceKey, SettingError, Settings

KEYS = ServiceKeys(
    Settings(
        api_key="the-only-one",
        api_keys=(ServiceKey("web", "key-of-web"), ServiceKey("acme", "key-of-acme", "acme-inc")),
    )
)


@pytest.mark.parametrize(
    ("key", "name", "tenant"),
    [
        ("key-of-web", "web", None),
        ("key-of-acme", "acme", "acme-inc"),
        ("the-only-one", UNNAMED, None),
    ],
)
def test_a_key_tells_its_service_and_its_tenant(key: str, name: str, tenant: str | None) -> None:
    assert KEYS.find(key) == Principal(Role.SERVICE, name, tenant)


@pytest.mark.parametrize(
    "key",
    ["", "key", "key-of-web ", "KEY-OF-WEB", "key-of-wéb", "\udcff", chr(0xD800), "x" * 10_000],
)
def test_anything_else_is_nobodys_key(key: str) -> None:
    assert KEYS.find(key) is None


def test_a_key_may_hold_any_characters() -> None:
    keys = ServiceKeys(Settings(api_key="schlüssel-\udcff"))
    assert keys.find("schlüssel-\udcff") is not None


def test_without_keys_there_is_nobody() -> None:
    assert ServiceKeys(Settings()).find("") is None


@pytest.mark.parametrize(
    "other", [ServiceKey("web", "the-only-one"), ServiceKey(UNNAMED, "key-of-web")]
)
def test_a_key_or_a_name_given_twice_stops_the_start(other: ServiceKey) -> None:
    with pytest.raises(SettingError, match="API_KEY is one of API_KEYS") as caught:
        ServiceKeys(Settings(api_key="the-only-one", api_keys=(other,)))
    assert "the-only-one" not in str(caught.value)
