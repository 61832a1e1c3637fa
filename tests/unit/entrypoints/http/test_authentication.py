"""Who knocks with worthless credentials is counted, and costs the shop little when they go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import attrs
import pytest
from litestar import Request

from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from printapic.adapters.users.api_keys import PrefixedApiKeyMint
from printapic.application.ports.throttle import Limit, TooManyRequests
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import SessionInvalid
from printapic.entrypoints.http.authentication import REMEMBERED_S, Doorkeeper
from printapic.entrypoints.http.limits import Per, RouteLimit, Turnstile, fields
from printapic.entrypoints.http.policies import allow
from tests.shop_floor import PASSWORD, ShopFloor, open_floor, user_of

FEW = Limit(name="few", count=3, period_s=60)


@attrs.frozen
class CountedUnits(MemoryUnitOfWorkFactory):
    """Notes when something is looked up."""

    looked_up: list[str] = attrs.field(factory=list, kw_only=True)

    @contextmanager
    def reading(self) -> Iterator[MemoryUnitOfWork]:
        self.looked_up.append("once more")
        with MemoryUnitOfWorkFactory.reading(self) as work:
            yield work


class Route:
    opt = allow(Permission.ORDER_READ, Permission.ACCOUNT_SELF, limits=(RouteLimit(Per.PRINCIPAL, FEW),))
    http_methods = frozenset({"GET"})


@attrs.define(eq=False)
class Gate:
    """A door of a shop. Everybody comes from one address."""

    floor: ShopFloor
    units: CountedUnits
    keeper: Doorkeeper
    now: list[float]

    def knock(self, *header: str) -> dict[str, str]:
        """Come in, and be told what is left of the limit."""
        name, value = header
        sent = [(name.encode(), value.encode())]
        knocking = Request[Any, Any, Any]({"type": "http", "headers": sent, "state": {}})  # type: ignore[arg-type]
        asyncio.run(self.keeper.admit(knocking, Route()))  # type: ignore[arg-type]
        return {name.decode(): value.decode() for name, value in fields(knocking.scope)}

    def lookups(self, *header: str, refused: type[Exception]) -> int:
        """How many it takes to be refused."""
        self.units.looked_up.clear()
        with pytest.raises(refused):
            self.knock(*header)
        return len(self.units.looked_up)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made: list[CountedUnits] = []

    def units(*given: Any) -> CountedUnits:
        made.append(CountedUnits(*given))
        return made[0]

    floor, now = open_floor(unit_of_work=units), [0.0]
    turnstile = Turnstile(floor.throttle, lambda: b"secret", in_threads=False)
    yield Gate(floor, made[0], Doorkeeper(lambda: floor.shop, turnstile, lambda: now[0]), now)
    floor.deliverer.close()
    floor.books.close()


def made_up() -> str:
    """Of the right form: the checksum is no secret."""
    return PrefixedApiKeyMint(environment="test").mint(ApiKeyId(uuid4()))


def issued(floor: ShopFloor) -> str:
    root: Actor = floor.staff(Role.ADMIN)
    scopes = frozenset({Permission.ORDER_READ})
    return floor.shop.issue_api_key(owner_id=user_of(root), name="warehouse", scopes=scopes)[1]


def use_up(gate: Gate) -> None:
    """The limit of the address, with one lookup for each of the keys that were counted."""
    for _ in range(FEW.count):
        assert gate.lookups("x-api-key", made_up(), refused=SessionInvalid) == 1
    for _ in range(10):
        assert gate.lookups("x-api-key", made_up(), refused=TooManyRequests) == 0


def test_made_up_keys_are_looked_up_no_more_than_the_limit_allows(gate: Gate) -> None:
    use_up(gate)


def test_a_good_key_spends_nothing_of_its_address_and_is_told_of_its_own_limit(gate: Gate) -> None:
    issue, owner = gate.floor.shop.issue_api_key, user_of(gate.floor.staff(Role.ADMIN))
    for _ in range(2 * FEW.count):
        _, key = issue(owner_id=owner, name="warehouse", scopes=frozenset({Permission.ORDER_READ}))
        assert gate.knock("x-api-key", key)["ratelimit"] == '"few";r=2;t=20'
    use_up(gate)


def test_a_key_that_was_good_lately_does_not_suffer_for_its_neighbours(gate: Gate) -> None:
    key = issued(gate.floor)
    gate.knock("x-api-key", key)
    use_up(gate)
    gate.now[0] += REMEMBERED_S
    gate.knock("x-api-key", key)


@pytest.mark.parametrize("used_up", [True, False])
def test_a_revoked_key_is_one_like_any_other_when_that_has_been_noticed(gate: Gate, used_up: bool) -> None:
    key = issued(gate.floor)
    gate.knock("x-api-key", key)
    if used_up:
        use_up(gate)
    (record,) = gate.floor.shop.list_api_keys()
    gate.floor.shop.revoke_api_key(key_id=record.id, actor_id=None)
    gate.now[0] += REMEMBERED_S
    first = TooManyRequests if used_up else SessionInvalid
    assert gate.lookups("x-api-key", key, refused=first) == 1
    if not used_up:
        for _ in range(FEW.count - 1):
            assert gate.lookups("x-api-key", key, refused=SessionInvalid) == 1
    assert gate.lookups("x-api-key", key, refused=TooManyRequests) == 0


def test_a_key_that_could_not_be_looked_up_is_not_held_against_its_address(gate: Gate) -> None:
    key = issued(gate.floor)
    gate.units.state.fail_with = StorageUnavailable()
    for _ in range(10):
        with pytest.raises(StorageUnavailable):
            gate.knock("x-api-key", key)
    gate.units.state.fail_with = None
    use_up(gate)


def test_a_person_does_not_suffer_for_neighbours_and_forged_tokens_are_never_looked_up(gate: Gate) -> None:
    gate.floor.customer()
    use_up(gate)
    token = gate.floor.shop.log_in(email="anna@example.org", password=PASSWORD).access_token
    assert gate.knock("authorization", f"Bearer {token}")["ratelimit"] == '"few";r=2;t=20'
    forged = f"Bearer {token[:-8]}AAAAAAAA"
    assert gate.lookups("authorization", forged, refused=TooManyRequests) == 0


def test_who_is_believed_already_costs_nothing(gate: Gate) -> None:
    key = issued(gate.floor)
    gate.knock("x-api-key", key)
    gate.units.looked_up.clear()
    assert gate.knock("x-api-key", key)["ratelimit"] == '"few";r=1;t=40'
    assert gate.units.looked_up == []
