"""API keys by themselves."""

from __future__ import annotations

from datetime import timedelta

from printapic.domain.actors import Role
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.api_key import SCOPES, ApiKey
from printapic.domain.users.events import ApiKeyIssued
from printapic.domain.users.permissions import PERMISSIONS, Permission
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


def test_a_new_key_is_an_event_of_its_owner_and_says_which_one() -> None:
    key = ApiKey.issue(
        id=ApiKeyId(b.new_id()),
        owner_id=b.CUSTOMER,
        owner_may=PERMISSIONS[Role.CUSTOMER],
        name="Tablet",
        scopes=frozenset({Permission.ORDER_OWN}),
        sha256="0" * 64,
        at=b.NOON,
    )
    assert key.take_events() == (ApiKeyIssued(at=b.NOON, user_id=b.CUSTOMER, key_id=key.id),)


def test_a_key_lives_until_it_expires_or_is_revoked() -> None:
    key = b.an_api_key(expires_at=b.NOON, revoked_at=None)
    assert key.live(at=b.NOON - timedelta(seconds=1))
    assert not key.live(at=b.NOON)
    key.revoke(at=b.NOON - timedelta(hours=1))
    assert not key.live(at=b.NOON - timedelta(seconds=1))
