"""What another process ends is over here too, a second later at the latest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from printapic.application.shop import Shop
from printapic.domain.actors import Role
from printapic.domain.users.api_key import ApiKey
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.container import Container
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

PROMISED_S = 1.0


@pytest.fixture
def elsewhere(shop: LiveShop) -> Iterator[Shop]:
    """The same shop in another process: it shares the database, and nothing in memory."""
    container = Container(settings=shop.container.settings())
    engine = container.engine()
    assert engine is not None
    yield container.shop()
    engine.dispose()


def end_the_session(shop: Shop, anna: Person) -> None:
    [session] = shop.list_sessions(user_id=anna.id)
    shop.end_session(user_id=anna.id, session_id=session.id, actor_id=None)


def end_all_sessions(shop: Shop, anna: Person) -> None:
    assert shop.end_sessions(user_id=anna.id, actor_id=None) == 1


def close_the_account(shop: Shop, anna: Person) -> None:
    shop.disable_user(user_id=anna.id, actor_id=None)


@pytest.mark.parametrize("end", [end_the_session, end_all_sessions, close_the_account])
def test_a_session_that_was_ended_elsewhere_is_over_within_the_promised_second(
    shop: LiveShop, elsewhere: Shop, anna: Person, end: Callable[[Shop, Person], None]
) -> None:
    for _ in range(2):  # whatever is remembered of a session is remembered now
        assert shop.call("GET", "/v1/users/me", anna).status_code == 200
    end(elsewhere, anna)
    time.sleep(PROMISED_S)  # a promise has to be waited for; a slow machine only waits longer
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")


def revoke_the_key(shop: Shop, key: ApiKey) -> None:
    shop.revoke_api_key(key_id=key.id, actor_id=None)


def close_its_account(shop: Shop, key: ApiKey) -> None:
    shop.disable_user(user_id=key.owner_id, actor_id=None)


def take_the_role(shop: Shop, key: ApiKey) -> None:
    shop.set_roles(user_id=key.owner_id, roles=frozenset({Role.CUSTOMER}), actor_id=None)


@pytest.mark.parametrize(
    ("end", "refusal"),
    [
        (revoke_the_key, (401, "unauthenticated")),
        (close_its_account, (401, "unauthenticated")),
        (take_the_role, (403, "permission-denied")),
    ],
)
def test_a_key_opens_nothing_after_the_promised_second(
    shop: LiveShop, elsewhere: Shop, end: Callable[[Shop, ApiKey], None], refusal: tuple[int, str]
) -> None:
    owner = shop.person(Role.SUPPORT)
    key, secret = shop.shop.issue_api_key(
        owner_id=owner.id, name="elsewhere", scopes=frozenset({Permission.USER_READ})
    )
    machine = Person(owner.id, owner.email, {"X-API-Key": secret})
    for _ in range(2):
        assert shop.call("GET", "/v1/users", machine).status_code == 200
    end(elsewhere, key)
    time.sleep(PROMISED_S)
    problem(shop.call("GET", "/v1/users", machine), *refusal)
