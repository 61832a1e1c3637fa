"""Who may do what: every operation of the published document, for everybody and every machine there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import httpx
import pytest
from litestar import get

from printapic.domain.actors import Role
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.api_key import SCOPES
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.policies import PolicyMissing, allow
from printapic.entrypoints.settings import Settings
from tests.integration.http.live_shop import LiveShop, Person, live_shop, picture, wait_until
from tests.integration.http.problems import problem
from tests.integration.http.who_may import ALLOWED, ANYONE_AT_ALL, LOGGED_IN, MACHINES, PEOPLE_ALONE

EVERY_ROLE = (Role.CUSTOMER, Role.OPERATOR, Role.SUPPORT, Role.ADMIN)
ROLES = {"operator": (Role.OPERATOR,), "support": (Role.SUPPORT,), "admin": (Role.ADMIN,)}
HIDDEN = ("order-not-found", "image-not-found", "payment-not-found")
Operations = dict[str, tuple[str, str]]


@attrs.frozen
class Cast:
    """Everybody, and what the owner owns."""

    people: dict[str, Person]
    path_values: dict[str, str]


@pytest.fixture(scope="module")
def document(shop: LiveShop) -> dict[str, Any]:
    return dict(shop.client.get("/schema/openapi.json").json())


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> Operations:
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


@pytest.fixture(scope="module")
def cast(shop: LiveShop) -> Cast:
    owner = shop.person()
    order = shop.paid(owner)
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", owner).json()["items"]
    return Cast(
        people={
            "owner": owner,
            "other": shop.person(),
            "operator": shop.person(Role.OPERATOR),
            "support": shop.person(Role.SUPPORT),
            "admin": shop.person(Role.ADMIN),
        },
        path_values={
            "user_id": str(shop.person().id),
            "session_id": str(uuid4()),
            "key_id": str(uuid4()),
            "image_id": str(shop.upload(owner)["id"]),
            "order_id": str(order["id"]),
            "payment_id": str(payment["id"]),
            "shipment_id": str(uuid4()),
            "preset": "web.jpg",
            "sku": "print-9x13-glossy",
            "file_name": f"{uuid4()}.zip",
            "provider": "simulated",
            "event_id": "evt_0",
            "finding_id": str(uuid4()),
        },
    )


def ask(
    shop: LiveShop, operations: Operations, cast: Cast, operation: str, who: Person | None
) -> httpx.Response:
    method, template = operations[operation]
    request: dict[str, Any] = {"headers": {"Idempotency-Key": uuid4().hex}}
    if operation == "start_payment":
        back = f"{shop.url}/"
        request["json"] = {"provider": "simulated", "return_url": back, "cancel_url": back}
    return shop.call(method, template.format(**cast.path_values), who, **request)


def got_in(answer: httpx.Response) -> bool:
    """Past the door, whatever came of it there."""
    assert answer.status_code < 500, answer.text
    return answer.status_code not in (401, 403)


def hidden(answer: httpx.Response) -> bool:
    """As if what is there were not."""
    return answer.status_code == 404 and answer.json()["code"] in HIDDEN


def refusal(answer: httpx.Response) -> str:
    return "in" if got_in(answer) else f"{answer.status_code} {answer.json()['code']}"


def test_the_tables_name_exactly_the_operations_that_there_are(operations: Operations) -> None:
    assert set(operations) == set(ALLOWED)
    assert set(operations) >= set(MACHINES)


def test_the_document_says_which_operations_need_what(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            name = operation["operationId"]
            people = [] if ALLOWED[name] == ANYONE_AT_ALL else ["bearer"]
            machines = ["apiKey"] if name in MACHINES else []
            assert operation["security"] == [{scheme: []} for scheme in people + machines]


@pytest.mark.parametrize("persona", ["anonymous", "other", "operator", "support", "admin", "owner"])
@pytest.mark.parametrize("operation", list(ALLOWED))
def test_everybody_gets_where_they_may_and_nowhere_else(
    shop: LiveShop, operations: Operations, cast: Cast, operation: str, persona: str
) -> None:
    who = cast.people.get(persona)
    if operation == "log_out" and who is not None:
        who = Person(who.id, who.email, shop.log_in(who.email))
    if operation == "erase_me" and who is not None:
        who = shop.person(*ROLES.get(persona, ()))
    if operation == "delete_image" and persona == "owner":
        image = shop.upload(cast.people["owner"], picture())
        cast = attrs.evolve(cast, path_values={**cast.path_values, "image_id": str(image["id"])})
    answer = ask(shop, operations, cast, operation, who)
    allowed = ALLOWED[operation].split()
    if persona in allowed:
        assert got_in(answer), answer.text
        assert not hidden(answer), answer.text
    elif persona == "anonymous":
        problem(answer, 401, "unauthenticated")
    elif persona == "other" and "hidden" in allowed:
        assert hidden(answer), answer.text
    else:
        problem(answer, 403, "permission-denied")


# Machines


def key_of(shop: LiveShop, owner: Person, *scopes: Permission, **wishes: Any) -> Person:
    """Whoever carries a new key of this owner."""
    _, key = shop.shop.issue_api_key(owner_id=owner.id, name="test", scopes=frozenset(scopes), **wishes)
    return Person(owner.id, owner.email, {"X-API-Key": key})


@pytest.fixture(scope="module")
def jack(shop: LiveShop) -> Person:
    """Somebody of all trades, who can issue keys for everything that keys can be for."""
    return shop.person(*EVERY_ROLE)


def test_no_key_is_for_what_only_people_do() -> None:
    assert {each for scopes in MACHINES.values() for each in scopes.split()} <= {*SCOPES}
    assert {*Permission} - SCOPES == set(PEOPLE_ALONE.split())


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_key_opens_what_its_scope_says_and_nothing_else(
    shop: LiveShop, operations: Operations, cast: Cast, jack: Person, scope: Permission
) -> None:
    machine = key_of(shop, jack, scope)
    found, expected = {}, {}
    for operation, allowed in ALLOWED.items():
        answer = ask(shop, operations, cast, operation, machine)
        opened = scope in MACHINES.get(operation, "").split()
        hidden = scope.endswith(":own") and "hidden" in allowed
        found[operation] = refusal(answer)
        if opened and hidden:
            assert answer.status_code == 404
            assert answer.json()["code"] in HIDDEN
        expected[operation] = "in" if opened or allowed == ANYONE_AT_ALL else "403 permission-denied"
    assert found == expected


def test_what_the_owner_may_no_longer_do_their_key_may_not_do_either(shop: LiveShop) -> None:
    owner = shop.person(Role.SUPPORT)
    machine = key_of(shop, owner, Permission.USER_READ)
    assert shop.call("GET", "/v1/users", machine).status_code == 200
    shop.shop.set_roles(user_id=owner.id, roles=frozenset({Role.OPERATOR}), actor_id=None)
    wait_until(lambda: shop.call("GET", "/v1/users", machine).status_code != 200)
    problem(shop.call("GET", "/v1/users", machine), 403, "permission-denied")


# Credentials that are good no more, or not here


def expired_token(shop: LiveShop) -> Person:
    somebody = shop.person(*EVERY_ROLE)
    token = somebody.headers["Authorization"].removeprefix("Bearer ")
    claims = shop.container.tokens().read_access_token(token, at=shop.container.clock().now())
    before = shop.container.clock().now() - timedelta(minutes=10)
    old, _ = shop.container.tokens().access_token(
        claims.user_id, claims.session_id, claims.generation, at=before
    )
    return attrs.evolve(somebody, headers={"Authorization": f"Bearer {old}"})


def revoked_session(shop: LiveShop) -> Person:
    somebody = shop.person(*EVERY_ROLE)
    shop.shop.end_sessions(user_id=somebody.id, actor_id=None)
    return somebody


def disabled_user(shop: LiveShop) -> Person:
    somebody = shop.person(*EVERY_ROLE)
    shop.shop.disable_user(user_id=somebody.id, actor_id=None)
    return somebody


def key_of_a_disabled_user(shop: LiveShop) -> Person:
    somebody = shop.person(*EVERY_ROLE)
    machine = key_of(shop, somebody, Permission.ORDER_READ)
    shop.shop.disable_user(user_id=somebody.id, actor_id=None)
    return machine


def revoked_key(shop: LiveShop) -> Person:
    machine = key_of(shop, shop.person(*EVERY_ROLE), Permission.ORDER_READ)
    shop.shop.revoke_api_key(key_id=newest_key(shop), actor_id=None)
    return machine


def expired_key(shop: LiveShop) -> Person:
    machine = key_of(shop, shop.person(*EVERY_ROLE), Permission.ORDER_READ)
    with shop.container.unit_of_work()() as work:
        key = work.api_keys.get(newest_key(shop))
        key.expires_at = shop.container.clock().now()
        work.api_keys.save(key)
        work.commit()
    return machine


def key_from_another_network(shop: LiveShop) -> Person:
    return key_of(
        shop, shop.person(*EVERY_ROLE), Permission.ORDER_READ, networks=("203.0.113.0/24", "2001:db8::/48")
    )


def token_and_key(shop: LiveShop) -> Person:
    somebody = shop.person(*EVERY_ROLE)
    machine = key_of(shop, somebody, Permission.ORDER_READ)
    return attrs.evolve(somebody, headers=somebody.headers | machine.headers)


def newest_key(shop: LiveShop) -> ApiKeyId:
    return shop.shop.list_api_keys(limit=1)[0].id


@pytest.mark.parametrize(
    "somebody",
    [
        expired_token,
        revoked_session,
        disabled_user,
        key_of_a_disabled_user,
        revoked_key,
        expired_key,
        key_from_another_network,
        token_and_key,
    ],
    ids=lambda function: function.__name__,
)
def test_what_is_good_no_more_opens_nothing(
    shop: LiveShop, operations: Operations, cast: Cast, somebody: Any
) -> None:
    who = somebody(shop)
    found = {name: refusal(ask(shop, operations, cast, name, who)) for name in ALLOWED}
    assert found == {
        name: "in" if allowed == ANYONE_AT_ALL else "401 unauthenticated" for name, allowed in ALLOWED.items()
    }


def test_a_key_is_good_in_its_networks(shop: LiveShop, jack: Person) -> None:
    machine = key_of(shop, jack, Permission.ORDER_READ, networks=("127.0.0.0/8",))
    assert shop.call("GET", "/v1/orders", machine).status_code == 200


# Staff who logged in with a password alone


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with live_shop(tmp_path_factory.mktemp("strict"), staff_second_factor=True) as running:
        yield running


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPPORT, Role.ADMIN])
def test_where_staff_need_a_second_factor_they_only_reach_their_own_account_without(
    strict: LiveShop, operations: Operations, cast: Cast, role: Role
) -> None:
    colleague = strict.person(role)
    found, expected = {}, {}
    for operation, allowed in ALLOWED.items():
        if operation not in ("log_out", "erase_me"):
            found[operation] = refusal(ask(strict, operations, cast, operation, colleague))
            own_account = allowed == LOGGED_IN and operation not in MACHINES
            if own_account or allowed == ANYONE_AT_ALL:
                expected[operation] = "in"
            elif role in allowed.split():
                expected[operation] = "403 second-factor-required"
            else:
                expected[operation] = "403 permission-denied"
    assert found == expected


# What is somebody else's


def test_a_foreign_object_looks_exactly_like_none(shop: LiveShop, cast: Cast) -> None:
    other = cast.people["other"]
    [session] = shop.call("GET", "/v1/sessions", shop.person()).json()["items"]
    own = cast.path_values
    for method, template, foreign_id in (
        ("GET", "/v1/orders/{}", own["order_id"]),
        ("GET", "/v1/orders/{}/history", own["order_id"]),
        ("GET", "/v1/images/{}", own["image_id"]),
        ("GET", "/v1/payments/{}", own["payment_id"]),
        ("DELETE", "/v1/sessions/{}", session["id"]),
    ):
        unknown = str(uuid4())
        foreign = shop.call(method, template.format(foreign_id), other)
        missing = shop.call(method, template.format(unknown), other)
        assert foreign.status_code == missing.status_code == 404
        assert foreign.headers.keys() == missing.headers.keys()
        shown = [
            {key: value for key, value in answer.json().items() if key != "request_id"}
            for answer in (foreign, missing)
        ]
        text = [json.dumps(each).replace(foreign_id, "id").replace(unknown, "id") for each in shown]
        assert text[0] == text[1]


def test_a_shop_with_a_route_that_says_not_for_whom_does_not_start(tmp_path: Path) -> None:
    @get("/v1/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "secrets"

    with pytest.raises(PolicyMissing, match="/v1/forgotten"):
        create_app(Container(settings=Settings.memory(tmp_path)), more_routes=[forgotten])


def test_a_route_for_nobody_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="at least one permission"):
        allow()
