"""Differences from the providers' books over HTTP: staff find them, and close them once."""

from __future__ import annotations

from uuid import uuid4

import pytest

from printapic.domain.actors import Role
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingState
from tests import builders as b
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

FINDINGS = "/v1/payment-findings"


@pytest.fixture
def clara(shop: LiveShop) -> Person:
    return shop.person(Role.SUPPORT)


def found(shop: LiveShop, provider: Provider = Provider.STRIPE) -> Finding:
    finding = b.a_finding(
        id=uuid4(),
        provider=provider,
        ref=f"ref-{uuid4().hex}",
        theirs=None,
        payment_id=None,
        state=FindingState.OPEN,
        closed_at=None,
        closed_by=None,
        note=None,
    )
    with shop.container.unit_of_work()() as work:
        assert work.findings.report(finding)
        work.commit()
    return finding


def test_staff_list_findings_and_close_one_with_a_reason(shop: LiveShop, clara: Person) -> None:
    finding = found(shop)
    path = f"{FINDINGS}/{finding.id}/close"
    listed = shop.call("GET", FINDINGS, clara, params={"status": "open", "limit": 100}).json()["items"]
    (shown,) = [each for each in listed if each["id"] == str(finding.id)]
    assert (shown["kind"], shown["theirs"], shown["ours"]) == (
        "amount",
        None,
        {"amount": "12.80", "currency": "EUR"},
    )
    closed = shop.call("POST", path, clara, json={"reason": "Booked twice"})
    assert closed.status_code == 200, closed.text
    assert (closed.json()["status"], closed.json()["closed_by"], closed.json()["note"]) == (
        "closed",
        str(clara.id),
        "Booked twice",
    )
    problem(shop.call("POST", path, clara, json={"reason": "Booked twice"}), 409, "payment-finding-closed")
    problem(shop.call("POST", path, clara, json={"reason": "  "}), 422, "reason-needed")
    missing = shop.call("POST", f"{FINDINGS}/{uuid4()}/close", clara, json={"reason": "None"})
    problem(missing, 404, "payment-finding-not-found")


def test_findings_are_listed_by_provider_and_page(shop: LiveShop, clara: Person) -> None:
    made = {str(found(shop, Provider.PAYPAL).id) for _ in range(3)} | {str(found(shop).id)}
    query = {"provider": "paypal", "limit": 2}
    first = shop.call("GET", FINDINGS, clara, params=query).json()
    assert len(first["items"]) == 2
    rest = shop.call("GET", FINDINGS, clara, params=query | {"cursor": first["next_cursor"]}).json()
    both = [*first["items"], *rest["items"]]
    assert {each["provider"] for each in both} == {"paypal"}
    assert len(made & {each["id"] for each in both}) == 3
