import secrets

import pytest

from exporter.access.weak_secrets import weakness


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("changeme", "is a placeholder"),
        ("secret", "is a placeholder"),
        ("Secret123456789012345678901234567890", "is a placeholder"),
        ("your-secret-key", "is a placeholder"),
        ("your-256-bit-secret", "is a placeholder"),
        ("your_jwt_secret_key_change_in_production", "is a placeholder"),
        ("CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME", "is a placeholder"),
        ("super-secret-jwt-token-with-at-least-32-characters-long", "is a placeholder"),
        ("abcdefghijklmnopqrstuvwxyz123456", "is a placeholder"),
        ("tooShort!", "has fewer than 32 bytes"),
        ("x7" * 15 + "x", "has fewer than 32 bytes"),
        ("a" * 64, "is one part repeated"),
        ("x7Kp9" * 10, "is one part repeated"),
        ("01234567890123456789012345678901", "is one part repeated"),
        ("aabbabaabbbabbaabababbbaabbaabbaaabbbab", "has fewer than 8 different characters"),
    ],
)
def test_a_secret_that_can_be_guessed_is_weak(secret: str, problem: str) -> None:
    assert weakness(secret) == problem


def test_random_secrets_are_strong() -> None:
    for make in (secrets.token_hex, secrets.token_urlsafe):
        assert [weakness(make(32)) for _ in range(200)] == [None] * 200
    assert weakness(secrets.token_hex(16)) is None
    assert weakness("é" * 3 + "Vw6o4rNn1cJt8sYh3KxQ2mZp7f") is None
