"""Where a setting's text comes from: a variable, or for a secret a file that a variable names."""

from collections.abc import Mapping
from pathlib import Path

SUFFIX = "_FILE"
LONGEST = 64 * 1024
"""Bytes of a file that are read: keys and addresses are shorter."""


def given(variable: str, secret: bool, environment: Mapping[str, str]) -> str:
    """The text of a setting without blanks around it, empty where it is not set.

    Only a secret may be in a file: container platforms hand them out as such. OSError says what
    is wrong with the file, or that there are both.
    """
    text = environment.get(variable, "").strip()
    path = environment.get(variable + SUFFIX, "").strip() if secret else ""
    if not path:
        return text
    if text:
        raise OSError(f"{variable} and {variable}{SUFFIX} are both set; one of them is enough.")
    try:
        with Path(path).open("rb") as file:
            return file.read(LONGEST).decode().strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OSError(f"{variable}{SUFFIX}={path!r} cannot be read: {reason}.") from error
    except UnicodeDecodeError:
        raise OSError(f"{variable}{SUFFIX}={path!r} is not text in UTF-8.") from None
