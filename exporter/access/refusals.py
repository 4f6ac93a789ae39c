"""Why a credential is refused: a fixed set, for the metric, with the one sentence that is shown.

No sentence holds anything of the credential, so that none can reach an answer or a log.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ..errors import Unauthorized


class Reason(StrEnum):
    """The values of the label `reason` of `exporter_auth_failures_total`."""

    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    BAD_ALGORITHM = "bad_algorithm"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KID = "unknown_kid"
    BAD_CLAIMS = "bad_claims"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REJECTED = "rejected"
    UNKNOWN_KEY = "unknown_key"


MESSAGES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.MISSING: "This call needs a bearer token or a service key.",
        Reason.AMBIGUOUS: "Send either a bearer token or a service key, not both.",
        Reason.MALFORMED: "The Authorization header does not hold a bearer token.",
        Reason.TOO_LONG: "The token is too long.",
        Reason.BAD_ALGORITHM: "The token is signed with an algorithm that is not accepted here.",
        Reason.BAD_SIGNATURE: "The token's signature does not hold.",
        Reason.UNKNOWN_KID: "The token is signed with a key that is not known here.",
        Reason.BAD_CLAIMS: "The token's claims are missing or not as they should be.",
        Reason.EXPIRED: "The token has expired.",
        Reason.NOT_YET_VALID: "The token is not valid yet.",
        Reason.REJECTED: "The authentication service rejects the token.",
        Reason.UNKNOWN_KEY: "The service key is not known.",
    }
)


def refuse(reason: Reason) -> Unauthorized:
    """The error to raise for `reason`."""
    return Unauthorized(MESSAGES[reason], reason.value)
