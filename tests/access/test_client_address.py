from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.access.client_address import client_address, subscriber

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.9, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.3, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:DB8:0::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("2001:db8:ffff::1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, ,"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_the_caller_is_the_rightmost_address_that_is_no_trusted_proxy(
    peer: str, headers: list[str], expected: str
) -> None:
    assert client_address(peer, headers, PROXIES) == expected


@pytest.mark.parametrize("peer", ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"])
@pytest.mark.parametrize("trusted", [(), PROXIES])
def test_a_peer_that_is_not_trusted_is_the_caller_whatever_it_says(
    peer: str, trusted: tuple
) -> None:
    expected = peer.removeprefix("::ffff:")
    assert client_address(peer, ["198.51.100.9"], trusted) == expected


@pytest.mark.parametrize(
    "junk", ["unknown", "999.1.1.1", "1.2.3", "<script>", "::1::", "\x00", "\udcff", "[", "%eth0"]
)
def test_junk_hides_what_is_further_left_and_is_never_the_answer(junk: str) -> None:
    assert client_address("10.0.0.1", [f"198.51.100.9, {junk}"], PROXIES) == "10.0.0.1"


def test_a_zone_in_the_header_does_not_come_through() -> None:
    assert client_address("10.0.0.1", ["fe80::1%'; drop table"], PROXIES) == "fe80::1"


@pytest.mark.parametrize("peer", [None, "", "/run/some.sock:1:2", "no address: at all"])
def test_without_a_peers_address_the_caller_is_unknown(peer: str | None) -> None:
    assert client_address(peer, ["203.0.113.7"], PROXIES) == "unknown"


@given(
    peer=st.sampled_from(["10.0.0.1", "203.0.113.7", "2001:db8:ffff::1"]),
    headers=st.lists(
        st.one_of(
            st.text(max_size=30),
            st.lists(st.ip_addresses().map(str), max_size=4).map(", ".join),
        ),
        max_size=3,
    ),
)
@settings(max_examples=100, deadline=None)
def test_any_header_gives_an_address(peer: str, headers: list[str]) -> None:
    found = client_address(peer, headers, PROXIES)
    assert str(ip_address(found)) == found


def test_all_addresses_of_one_ipv6_network_are_one_subscriber() -> None:
    assert subscriber("2001:db8:1:2::1") == subscriber("2001:db8:1:2:ffff::9")
    assert subscriber("2001:db8:1:2::1") != subscriber("2001:db8:1:3::1")


@pytest.mark.parametrize("address", ["203.0.113.7", "unknown", "no: address"])
def test_any_other_address_stands_for_itself(address: str) -> None:
    assert subscriber(address) == address
