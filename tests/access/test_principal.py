import pytest

from exporter.access.principal import Principal, Role, Scope
from exporter.errors import Forbidden

USER = Principal(Role.USER, "ada", "acme")
ADMIN = Principal(Role.ADMIN, "root", "acme")
BOUND = Principal(Role.SERVICE, "web", "acme")
UNBOUND = Principal(Role.SERVICE, "web", None)


def test_a_user_reads_their_own_and_an_admin_the_tenants() -> None:
    assert USER.read_scope() == USER.read_scope("ada") == Scope("acme", "ada")
    assert ADMIN.read_scope() == Scope("acme", None)
    assert ADMIN.read_scope("ada") == Scope("acme", "ada")


def test_a_user_does_not_read_somebody_elses() -> None:
    with pytest.raises(Forbidden):
        USER.read_scope("bob")


@pytest.mark.parametrize("service", [BOUND, UNBOUND])
def test_a_service_does_not_read(service: Principal) -> None:
    assert service.user is None
    with pytest.raises(Forbidden):
        service.read_scope()


def test_a_write_goes_to_the_callers_tenant() -> None:
    assert USER.write_scope() == USER.write_scope("acme") == Scope("acme", "ada")
    assert BOUND.write_scope() == Scope("acme", None)
    assert UNBOUND.write_scope() == Scope("default", None)
    assert UNBOUND.write_scope("other") == Scope("other", None)


def test_a_service_speaks_for_the_user_it_names() -> None:
    assert BOUND.write_scope(user="ada") == Scope("acme", "ada")
    assert USER.write_scope(user="ada") == Scope("acme", "ada")


@pytest.mark.parametrize("caller", [USER, ADMIN])
def test_nobody_else_speaks_for_another_user(caller: Principal) -> None:
    with pytest.raises(Forbidden):
        caller.write_scope(user="bob")


@pytest.mark.parametrize("caller", [USER, ADMIN, BOUND])
def test_nobody_with_a_tenant_writes_to_another(caller: Principal) -> None:
    with pytest.raises(Forbidden):
        caller.write_scope("other")


def test_a_scope_holds_its_own_records_only() -> None:
    assert Scope("acme", None).holds("acme", "ada")
    assert Scope("acme", "ada").holds("acme", "ada")
    assert not Scope("acme", "ada").holds("acme", "bob")
    assert not Scope("acme", "ada").holds("acme", None)
    assert not Scope("acme", None).holds("other", "ada")
