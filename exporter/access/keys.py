"""Service keys: the backends that post for their users."""

import hmac

from ..settings import ServiceKey, SettingError, Settings
from .digest import digest
from .principal import Principal, Role

UNNAMED = "unnamed"
"""The name that the caller with API_KEY goes by."""


class ServiceKeys:
    """The keys of API_KEYS and API_KEY, as digests: the keys themselves are not kept."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingError where API_KEY repeats a key or the name of one of API_KEYS."""
        keys = list(settings.api_keys)
        if settings.api_key:
            if any(settings.api_key == other.key or other.name == UNNAMED for other in keys):
                raise SettingError(
                    f"API_KEY is one of API_KEYS too, or one there is named `{UNNAMED}`."
                )
            keys.append(ServiceKey(UNNAMED, settings.api_key))
        self._known = tuple(
            (digest(part.key), Principal(Role.SERVICE, part.name, part.tenant)) for part in keys
        )

    def find(self, key: str) -> Principal | None:
        """Whose key it is, or None.

        Every known key is compared, and of equal length, so that the time tells nothing of them.
        """
        offered = digest(key)
        found = None
        for known, principal in self._known:
            if hmac.compare_digest(known, offered):
                found = principal
        return found
