"""`If-Match` on every route that takes it (RFC 9110, 13.1.1): of another version nothing is changed."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from printapic.domain.actors import Role
from tests.integration.http.documented import OPERATIONS
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

TAKING = {name: each for name, each in OPERATIONS.items() if each.takes("If-Match")}


@attrs.frozen
class Ready:
    """Somebody who may do it, to something that is in a state for it. Its ETag is read at `version_at`."""

    who: Person
    version_at: str
    names: dict[str, str] = attrs.field(factory=dict)


def oneself(shop: LiveShop) -> Ready:
    return Ready(shop.person(), "/v1/users/me")


def somebody(shop: LiveShop) -> Ready:
    user = shop.person()
    return Ready(shop.person(Role.ADMIN), f"/v1/users/{user.id}", {"user_id": str(user.id)})


def somebody_shut_out(shop: LiveShop) -> Ready:
    ready = somebody(shop)
    assert shop.call("POST", f"{ready.version_at}/disable", ready.who).status_code == 200
    return ready


def paid(shop: LiveShop) -> Ready:
    anna = shop.person()
    order = shop.paid(anna)
    return Ready(anna, f"/v1/orders/{order['id']}", {"order_id": order["id"]})


def taken_over(ready: Ready, shop: LiveShop, role: Role) -> Ready:
    return attrs.evolve(ready, who=shop.person(role))


def paid_for_support(shop: LiveShop) -> Ready:
    return taken_over(paid(shop), shop, Role.SUPPORT)


def held(shop: LiveShop) -> Ready:
    ready = paid_for_support(shop)
    answer = shop.call("POST", f"{ready.version_at}/hold", ready.who, json={"reason": "quality"})
    assert answer.status_code == 200, answer.text
    return ready


def waived(shop: LiveShop) -> Ready:
    ready = paid(shop)
    answer = shop.call("POST", f"{ready.version_at}/waive-edit-window", ready.who)
    assert answer.status_code == 200, answer.text
    return taken_over(ready, shop, Role.OPERATOR)


def in_production(shop: LiveShop) -> Ready:
    ready = waived(shop)
    answer = shop.call("POST", f"{ready.version_at}/start-production", ready.who)
    assert answer.status_code == 200, answer.text
    return ready


def in_production_for_administrators(shop: LiveShop) -> Ready:
    return taken_over(in_production(shop), shop, Role.ADMIN)


def shipped(shop: LiveShop) -> Ready:
    ready = in_production(shop)
    path = f"{ready.version_at}/shipments"
    answer = shop.call("POST", path, ready.who, json=TAKING["ship_parcel"].example)
    assert answer.status_code == 200, answer.text
    [parcel] = shop.call("GET", path, ready.who).json()["items"]
    return attrs.evolve(ready, names={**ready.names, "shipment_id": parcel["id"]})


STATES: dict[str, Callable[[LiveShop], Ready]] = {
    "update_me": oneself,
    "set_roles": somebody,
    "disable_user": somebody,
    "enable_user": somebody_shut_out,
    "cancel_order": paid,
    "waive_edit_window": paid,
    "hold_order": paid_for_support,
    "release_order": held,
    "start_production": waived,
    "abort_order": in_production_for_administrators,
    "ship_parcel": in_production,
    "mark_delivered": shipped,
}


def test_every_route_that_takes_it_is_tried_here() -> None:
    assert set(STATES) == set(TAKING)


@pytest.mark.parametrize("name", TAKING)
def test_of_another_version_nothing_is_changed_and_of_this_one_it_is(shop: LiveShop, name: str) -> None:
    operation, ready = TAKING[name], STATES[name](shop)
    method, path, body = operation.method, operation.path.format(**ready.names), operation.example
    before = shop.call("GET", ready.version_at, ready.who)
    for other in ('"999999"', f"W/{before.headers['etag']}"):
        answer = shop.call(method, path, ready.who, json=body, headers={"If-Match": other})
        problem(answer, 412, "version-differs")
    after = shop.call("GET", ready.version_at, ready.who)
    assert (after.headers["etag"], after.json()) == (before.headers["etag"], before.json())
    done = shop.call(method, path, ready.who, json=body, headers={"If-Match": before.headers["etag"]})
    assert done.status_code == 200, done.text
    assert shop.call("GET", ready.version_at, ready.who).headers["etag"] != before.headers["etag"]
