"""What a user agent says of the device, by ua-parser."""

from typing import NamedTuple

from ua_parser import parse


class Device(NamedTuple):
    """A device's type (desktop, mobile, tablet, bot, other), and the families of its
    browser and its operating system."""

    type: str
    browser: str | None
    os: str | None


_PHONES = ("iphone", "windows phone")
_TABLETS = ("ipad", "tablet", "kindle", "nexus 7", "nexus 10", "sm-t", "sm-x")


def device(user_agent: str) -> Device:
    """The device that a user agent names.

    The families are those of ua-parser; the type is not among them, so it follows from what
    browsers send: Android phones say `Mobile`, Android tablets do not.
    """
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    os = found.os.family if found.os else None
    family = found.device.family if found.device else None
    return Device(_type(user_agent.lower(), family, os), browser, os)


def _type(user_agent: str, family: str | None, os: str | None) -> str:
    if family == "Spider":
        return "bot"
    if any(word in user_agent for word in _TABLETS):
        return "tablet"
    if any(word in user_agent for word in _PHONES):
        return "mobile"
    if os == "Android":
        return "mobile" if "mobile" in user_agent else "tablet"
    if os in {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian"}:
        return "desktop"
    return "mobile" if "mobile" in user_agent else "other"
