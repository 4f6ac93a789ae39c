"""What the tests of access share: the auth service."""

from collections.abc import AsyncIterator

import pytest

from .auth_server import AuthServer

SECRET = "Vw6o4rNn1cJt8sYh3KxQ2mZp7fLbD5eG"


@pytest.fixture
async def auth_server() -> AsyncIterator[AuthServer]:
    """A running auth service."""
    server = AuthServer()
    await server.start()
    yield server
    server.go.set()
    await server.stop()
