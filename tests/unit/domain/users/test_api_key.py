"""API keys by themselves."""

from __future__ import annotations

from datetime import timedelta

from printapic.domain.users.api_key import SCOPES
from printapic.domain.users.permissions import Permission
from tests import builders as b


def test_what_a_key_may_be_for_leaves_accounts_roles_and_keys_to_people() -> None:
    assert SCOPES.isdisjoint(
        {
            Permission.ACCOUNT_SELF,
            Permission.USER_WRITE,
            Permission.ROLE_WRITE,
            Permission.API_KEY_WRITE,
            Permission.SESSION_REVOKE,
        }
    )
    assert {Permission.ORDER_READ, Permission.PRODUCTION_ADVANCE, Permission.IMAGE_OWN} <= SCOPES


def test_a_key_is_revoked_once() -> None:
    key = b.an_api_key(revoked_at=None)
    key.revoke(at=b.NOON)
    key.revoke(at=b.NOON + timedelta(hours=1))
    assert key.revoked_at == b.NOON
