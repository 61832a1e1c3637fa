from __future__ import annotations

from itertools import combinations

import pytest

from printapic.domain.actors import Role
from printapic.domain.errors import Denied
from printapic.domain.users.permissions import PERMISSIONS, Permission, PermissionDenied, permissions

STAFF = [Role.OPERATOR, Role.SUPPORT, Role.ADMIN]


def test_every_role_stands_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_every_permission_belongs_to_somebody() -> None:
    assert permissions(frozenset(Role)) == set(Permission)


def test_several_roles_may_do_what_each_of_them_may() -> None:
    for one, other in combinations(Role, 2):
        assert permissions(frozenset({one, other})) == PERMISSIONS[one] | PERMISSIONS[other]


def test_nobody_without_a_role_may_do_anything() -> None:
    assert permissions(frozenset()) == frozenset()


def test_the_system_needs_no_permission_because_it_has_no_door() -> None:
    assert permissions(frozenset({Role.SYSTEM})) == frozenset()


def test_a_customer_may_touch_nothing_but_their_own() -> None:
    assert {permission.split(":")[1] for permission in PERMISSIONS[Role.CUSTOMER]} == {"own", "self"}


@pytest.mark.parametrize("role", STAFF)
def test_staff_do_not_act_as_customers(role: Role) -> None:
    own = {permission for permission in Permission if permission.endswith(":own")}
    assert not PERMISSIONS[role] & own


def test_an_operator_sees_neither_payments_nor_people() -> None:
    assert not PERMISSIONS[Role.OPERATOR] & {
        Permission.PAYMENT_READ,
        Permission.USER_READ,
        Permission.ROLE_WRITE,
    }


def test_support_changes_neither_roles_nor_prices() -> None:
    assert not PERMISSIONS[Role.SUPPORT] & {
        Permission.ROLE_WRITE,
        Permission.PRICE_WRITE,
        Permission.ORDER_ABORT,
    }


def test_an_admin_may_do_all_that_support_may() -> None:
    assert PERMISSIONS[Role.ADMIN] > PERMISSIONS[Role.SUPPORT]


def test_only_admins_hand_out_roles_set_prices_and_read_the_audit_log() -> None:
    for permission in (
        Permission.ROLE_WRITE,
        Permission.PRICE_WRITE,
        Permission.ORDER_ABORT,
        Permission.AUDIT_READ,
    ):
        assert [role for role in Role if permission in PERMISSIONS[role]] == [Role.ADMIN]


def test_a_refusal_does_not_say_what_would_have_been_needed() -> None:
    assert isinstance(PermissionDenied(), Denied)
    assert PermissionDenied().details == {}
