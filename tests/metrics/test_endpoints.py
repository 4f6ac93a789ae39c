import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.metrics.endpoints import DEEPEST, LONGEST, template


@pytest.mark.parametrize(
    "segment",
    [
        "42",
        "0",
        "-7",
        "3.14",
        "1,2,3",
        "10.0.0.1",
        "2001:db8::1",
        "7f3c",
        "7F3C9A1E",
        "abcdefabcdefabcdef",
        "550e8400-e29b-41d4-a716-446655440000",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01arz3ndektsv4rrffq69g5fav",
        "507f1f77bcf86cd799439011",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "V1StGXR8_Z5jdHi6B-myT",
        "cjld2cjxh0000qzrmn831i7rn",
        "cus_NffrFeUfNV2Hib",
        "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "dQw4w9WgXcQ",
        "user-42",
        "order-10245",
        "ORD10245",
        "jane@example.com",
        "jane%40example.com",
        "2024-05-12",
        "2024-05-12T10:00:00Z",
        "20240512",
        "report-2024.pdf",
        "app.3f2a1b.js",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
        "how-to-make-a-really-good-cup-of-coffee-at-home",
        "٤٢",
    ],
)
def test_an_id_is_replaced(segment):
    assert template(f"/things/{segment}/parts") == "/things/:id/parts"


@pytest.mark.parametrize(
    "segment",
    [
        "users",
        "face",
        "feed",
        "added",
        "facade",
        "deadbeef",
        "v1",
        "v2beta1",
        "v1p1beta1",
        "v1.2.3",
        "V2",
        "oauth2",
        "sha256",
        "base64",
        "utf8",
        "ipv4",
        "mp3",
        "h264",
        "s3",
        "k8s",
        "i18n",
        "l10n",
        "a11y",
        "e2e",
        "2fa",
        "3ds",
        "p95",
        "log4j",
        "step-3",
        "sign_up",
        "en-US",
        "index.html",
        "pkg.Service",
        "ListObjectsV2",
        "GetSHA256Checksum",
        "OAuth2CallbackHandler",
        "@scope",
        "категорияновыетовары",
        "caf%C3%A9",
        ":id",
        ":user_id2",
        "{userId}",
        "{id:[0-9]+}",
        "<int:id>",
        "[slug42]",
        "*",
        "~",
    ],
)
def test_a_word_stays(segment):
    assert template(f"/things/{segment}/parts") == f"/things/{segment}/parts"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users/42/orders/7f3c9a1e", "/users/:id/orders/:id"),
        ("/users?page=2", "/users"),
        ("/users#top", "/users"),
        ("/users#top?x", "/users"),
        ("/users;jsessionid=AB12/list", "/users/list"),
        ("/users/", "/users"),
        ("//users///list//", "/users/list"),
        ("https://api.example.com:8080/users/42?x=1", "/users/:id"),
        ("HTTP://example.com", "/"),
        ("https://example.com?x=1", "/"),
        ("http://a/http://b", "/http:/b"),
        ("", "/"),
        ("/", "/"),
        ("?x=1", "/"),
        ("  /users ", "/users"),
        ("users/42", "users/:id"),
        ("unmatched", "unmatched"),
        ("{jane@example.com}", ":id"),
    ],
)
def test_what_is_not_the_path_is_cut(path, expected):
    assert template(path) == expected


def test_a_deep_path_is_cut_at_a_segment():
    assert template("/a/b/c/d/e/f/g/h") == "/a/b/c/d/e/f/g/h"
    assert template("/a/b/c/d/e/f/g/h/i") == "/a/b/c/d/e/f/g/h/:rest"
    assert template("/a/b/c/d/e/f/g/h/i/j/42") == "/a/b/c/d/e/f/g/h/:rest"


def test_a_long_path_is_cut_at_a_segment():
    word = "supercalifragilistic"

    cut = template(f"/{word}" * 8)

    assert cut == f"/{word}" * 5 + "/:rest"
    assert len(cut) <= LONGEST


def test_one_long_word_in_percent_signs_is_cut_as_well():
    assert template("/" + "%D0%B6" * 30) == "/:rest"


def test_a_huge_path_is_not_read_to_its_end():
    assert template("/a" + "/" * 1_000_000 + "b") == "/a"


pieces = st.sampled_from(
    ["/", "//", "?", "#", ";", ":", "://", "http", "%2F", "%40", "@", " ", "42", "7f3c", "a", "-",
     ".", "{", "}", "<", ">", "[", "]", "\n", ":rest", ":id", "%2542", "é", "wordsandwords"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300) | st.lists(pieces, max_size=60).map("".join))
@example("a/ ;x/ /")
@example("http://http://x//")
@example("/a" * 20)
@example("/" + "%D0%B6" * 30)
def test_the_template_of_a_template_is_the_same(path):
    once = template(path)

    assert template(once) == once
    assert 0 < len(once) <= LONGEST
    assert len(once.strip("/").split("/")) <= DEEPEST + 1
