"""The audit log over HTTP: for administrators, newest first, a page at a time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pyotp import TOTP

from printapic.domain.actors import Caller, Role
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import UserId
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

PATH = "/v1/audit-log"


@pytest.fixture
def admin(shop: LiveShop) -> Person:
    return shop.person(Role.ADMIN)


def log(shop: LiveShop, *actions: AuditAction, subject: UserId) -> None:
    with shop.container.unit_of_work()() as work:
        for number, action in enumerate(actions):
            work.audit.append(
                AuditEvent(
                    at=shop.container.clock().now(),
                    action=action,
                    subject_id=subject,
                    caller=Caller(address="203.0.113.77", device="Firefox on Windows", request_id="r-1"),
                    details={"n": str(number)},
                )
            )
        work.commit()


def enrol(shop: LiveShop, who: Person) -> None:
    """Give somebody a second factor."""
    secret = shop.call("POST", "/v1/users/me/mfa", who).json()["secret"]
    answer = shop.call("POST", "/v1/users/me/mfa/confirm", who, json={"code": TOTP(secret).now()})
    assert answer.status_code == 200, answer.text


def entries(shop: LiveShop, who: Person, **query: Any) -> dict[str, Any]:
    answer = shop.call("GET", PATH, who, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_an_entry_shows_who_did_what_whose_and_from_where(shop: LiveShop, admin: Person) -> None:
    subject = UserId(uuid4())
    log(shop, AuditAction.MFA_RESET, subject=subject)
    [entry] = entries(shop, admin, subject_id=str(subject))["items"]
    assert (
        entry.items()
        >= {
            "stream": "admin",
            "action": "mfa.reset",
            "actor_id": None,
            "subject_id": str(subject),
            "request_id": "r-1",
            "address": "203.0.113.77",
            "device": "Firefox on Windows",
            "erased": False,
            "details": {"n": "0"},
        }.items()
    )
    assert not entry.keys() & {"mac", "key_id", "sealed"}


def test_what_an_administrator_does_is_logged_with_their_name_and_address(
    shop: LiveShop, admin: Person
) -> None:
    """Over HTTP, since it is the handlers that say who somebody is and from where they come."""
    anna, colleague = shop.person(), shop.person(Role.ADMIN)
    enrol(shop, anna)
    path = f"/v1/users/{anna.id}"
    etag = shop.call("GET", path, admin).headers["etag"]
    answers = [
        shop.call("PUT", f"{path}/roles", admin, json={"roles": ["support"]}, headers={"If-Match": etag}),
        shop.call("POST", f"{path}/disable", admin),
        shop.call("POST", f"{path}/enable", admin),
        shop.call("POST", f"{path}/mfa-reset", admin),
        shop.call("DELETE", f"{path}/sessions", admin),
    ]
    key = {"name": "Parcel desk", "scopes": ["order:read"]}
    issued = shop.call("POST", "/v1/api-keys", colleague, json=key)
    answers += [issued, shop.call("DELETE", f"/v1/api-keys/{issued.json()['id']}", admin)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 202, 204, 201, 204]
    done = entries(shop, admin, actor_id=str(admin.id), stream="admin")["items"]
    assert [(each["action"], each["subject_id"], each["address"]) for each in reversed(done)] == [
        ("user.roles-changed", str(anna.id), "127.0.0.1"),
        ("user.disabled", str(anna.id), "127.0.0.1"),
        ("user.enabled", str(anna.id), "127.0.0.1"),
        ("mfa.reset", str(anna.id), "127.0.0.1"),
        ("api-key.revoked", str(colleague.id), "127.0.0.1"),
    ]
    assert [each["request_id"] for each in reversed(done)] == [
        answers[number].headers["X-Request-ID"] for number in (0, 1, 2, 3, 6)
    ]
    [own] = shop.call("GET", "/v1/sessions", admin).json()["items"]
    assert {each["session_id"] for each in done[1:]} == {own["id"]}


def test_of_somebody_who_was_forgotten_only_what_happened_is_shown(shop: LiveShop, admin: Person) -> None:
    subject = UserId(uuid4())
    log(shop, AuditAction.LOGGED_IN, subject=subject)
    with shop.container.unit_of_work()() as work:
        work.audit.forget(subject)
        work.commit()
    [entry] = entries(shop, admin, subject_id=str(subject))["items"]
    assert (entry["action"], entry["address"], entry["device"], entry["erased"]) == (
        "session.started",
        None,
        None,
        True,
    )


def test_pages_lead_through_the_log_newest_first(shop: LiveShop, admin: Person) -> None:
    subject = UserId(uuid4())
    log(shop, *[AuditAction.LOGGED_IN] * 5, subject=subject)
    seen: list[str] = []
    query: dict[str, Any] = {"subject_id": str(subject), "limit": 2}
    while True:
        found = entries(shop, admin, **query)
        seen += [entry["details"]["n"] for entry in found["items"]]
        if found["next_cursor"] is None:
            break
        query["cursor"] = found["next_cursor"]
    assert seen == ["4", "3", "2", "1", "0"]


def test_filters_go_together(shop: LiveShop, admin: Person) -> None:
    subject = UserId(uuid4())
    log(shop, AuditAction.LOGGED_IN, AuditAction.LOGGED_OUT, AuditAction.ROLES_CHANGED, subject=subject)
    one = {"subject_id": str(subject)}
    assert len(entries(shop, admin, **one)["items"]) == 3
    assert len(entries(shop, admin, **one, stream="auth")["items"]) == 2
    assert len(entries(shop, admin, **one, action="session.ended")["items"]) == 1
    assert entries(shop, admin, **one, actor_id=str(admin.id))["items"] == []


@pytest.mark.parametrize(
    "query",
    [{"stream": "other"}, {"action": "nothing"}, {"subject_id": "anna"}, {"limit": 101}],
)
def test_a_wrong_question_is_refused(shop: LiveShop, admin: Person, query: dict[str, Any]) -> None:
    problem(shop.call("GET", PATH, admin, params=query), 422, "request-invalid")


def test_a_cursor_leads_on_under_its_own_filters_only(shop: LiveShop, admin: Person) -> None:
    subject = UserId(uuid4())
    log(shop, *[AuditAction.LOGGED_IN] * 2, subject=subject)
    cursor = entries(shop, admin, subject_id=str(subject), limit=1)["next_cursor"]
    answer = shop.call("GET", PATH, admin, params={"limit": 1, "cursor": cursor})
    problem(answer, 422, "cursor-invalid")
    problem(shop.call("GET", PATH, admin, params={"cursor": "x"}), 422, "cursor-invalid")


def test_reading_the_log_is_no_entry_in_it(shop: LiveShop, admin: Person) -> None:
    before = entries(shop, admin, actor_id=str(admin.id))["items"]
    assert entries(shop, admin, actor_id=str(admin.id))["items"] == before
