"""What decides who gets in takes a fresh proof of identity, and the document says of which routes."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from printapic.domain.actors import Role
from printapic.domain.users.session import RECENT
from tests.integration.http.documented import OPERATIONS
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

PROVEN = {
    name: each for name, each in OPERATIONS.items() if "`reauthentication-required`" in each.description
}


def stale(shop: LiveShop, who: Person) -> None:
    """Let the proof of everybody who is logged in as this person be a second too old."""
    with shop.container.unit_of_work()() as work:
        for session in work.sessions.live(who.id, at=shop.container.clock().now()):
            session.authenticated_at -= RECENT + timedelta(seconds=1)
            work.sessions.save(session)
        work.commit()


def test_the_document_names_every_route_that_decides_who_gets_in() -> None:
    assert set(PROVEN) == {
        *("request_email_change", "export_me", "erase_me", "erase_user", "issue_api_key"),
        *("enrol_second_factor", "confirm_second_factor", "disable_second_factor", "renew_recovery_codes"),
        *("set_roles", "disable_user", "enable_user", "reset_second_factor"),
    }


@pytest.mark.parametrize("name", PROVEN)
def test_an_old_login_is_asked_to_prove_itself_first(shop: LiveShop, name: str) -> None:
    operation = PROVEN[name]
    admin = shop.person(Role.ADMIN)
    stale(shop, admin)
    somebody = shop.person() if operation.takes("user_id") else None
    answer = shop.call(
        operation.method,
        operation.path.format(user_id=somebody.id if somebody else uuid4()),
        admin,
        json=operation.example,
        headers={"If-Match": '"1"', "X-One-Time-Code": "000000"},
    )
    problem(answer, 403, "reauthentication-required")
    assert shop.call("GET", "/v1/users/me", admin).status_code == 200
    if somebody:
        shown = shop.call("GET", "/v1/users/me", somebody).json()
        assert (shown["roles"], shown["disabled"]) == (["customer"], False)


def test_with_a_fresh_proof_the_same_login_may(shop: LiveShop) -> None:
    admin, anna = shop.person(Role.ADMIN), shop.person()
    stale(shop, admin)
    path = f"/v1/users/{anna.id}/disable"
    problem(shop.call("POST", path, admin), 403, "reauthentication-required")
    proof = {"password": "a password of many words"}
    assert shop.call("POST", "/v1/sessions/current/proof", admin, json=proof).status_code == 204
    assert shop.call("POST", path, admin).status_code == 200


def test_whom_one_only_protects_takes_no_proof(shop: LiveShop) -> None:
    admin, anna = shop.person(Role.ADMIN), shop.person()
    stale(shop, admin)
    assert shop.call("DELETE", f"/v1/users/{anna.id}/sessions", admin).status_code == 204
