"""What secrets are known by."""

from itertools import combinations

from exporter.access.digest import BYTES, digest


def test_every_header_has_a_digest_of_its_own() -> None:
    texts = ("", "token", "token ", "Token", "ä", "\udcff", "x" * 100_000)
    digests = [digest(text) for text in texts]
    assert {len(one) for one in digests} == {BYTES}
    assert all(one != other for one, other in combinations(digests, 2))
    assert digest("token") == digest("token")
