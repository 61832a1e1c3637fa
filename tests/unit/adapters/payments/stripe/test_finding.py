"""Finding a checkout: by every name that it has at Stripe, and by ours."""

from __future__ import annotations

import pytest

from printapic.application.ports.payments import Outcome, Rejected, Unknown
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import Snapshot
from tests.unit.adapters.payments.stripe.wire import (
    ATTEMPT,
    CHARGE,
    LIST,
    LOOK,
    NOON,
    NOON_S,
    Json,
    Wire,
    charge,
    dispute,
    listing,
    paid,
    refund,
    refuses,
    session,
    value_of,
)


@pytest.mark.parametrize(
    ("ref", "request_line", "answer"),
    [
        ("pi_1", None, None),
        ("ch_1", CHARGE, charge()),
        ("py_1", "GET /v1/charges/py_1", charge(id="py_1")),
        ("re_1", "GET /v1/refunds/re_1", refund()),
        ("pyr_1", "GET /v1/refunds/pyr_1", refund("pyr_1")),
        ("du_1", "GET /v1/disputes/du_1", dispute()),
        ("dp_1", "GET /v1/disputes/dp_1", dispute(id="dp_1")),
    ],
)
def test_a_checkout_is_found_by_every_name_that_news_may_give_it(
    wire: Wire, ref: str, request_line: str | None, answer: Json | None
) -> None:
    wire.tell(LOOK, paid())
    wire.tell(LIST, listing(session()))
    if request_line is not None and answer is not None:
        wire.tell(request_line, answer)
    assert value_of(wire.gateway.fetch(ref=ref)).ref == "cs_test_1"
    assert wire.forms(LIST) == [{"payment_intent": "pi_1", "limit": "1"}]


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "x",
        "cs_",
        "po_1",
        "cus_1",
        "cs_1/expire",
        "../events",
        "cs_1?expand=x",
        "cs_é",
        "CS_1",
        "cs_" + "1" * 999,
    ],
)
def test_what_can_be_no_name_of_stripes_is_not_even_asked_for(wire: Wire, ref: str) -> None:
    assert wire.gateway.fetch(ref=ref) == Rejected(code="not-found")
    assert wire.requests == []


def test_w8_what_stripe_does_not_know_or_is_not_ours_is_not_found(wire: Wire) -> None:
    wire.tell(LOOK, refuses(404, "resource_missing"))
    outcome = wire.gateway.fetch(ref="cs_test_1")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "not-found"
    assert wire.gateway.fetch(ref="pi_1") == Rejected(code="not-found")
    wire.tell(CHARGE, charge(payment_intent=None))
    assert wire.gateway.fetch(ref="ch_1") == Rejected(code="not-found")
    wire.tell(LOOK, session(client_reference_id=None))
    assert wire.gateway.fetch(ref="cs_test_1") == Rejected(code="not-found")


def find(wire: Wire) -> Outcome[Snapshot | None]:
    return wire.gateway.find(our_reference=ATTEMPT, since=NOON)


def test_i4_a_checkout_is_found_by_our_reference_on_whichever_page(wire: Wire) -> None:
    others = [session(id=f"cs_test_{n}", client_reference_id=f"other-{n}") for n in range(2, 102)]
    wire.tell(LIST, listing(*others, more=True), listing(session()))
    wire.tell(LOOK, paid())
    found = value_of(find(wire))
    assert found is not None
    assert (found.ref, found.state) == ("cs_test_1", AttemptState.CAPTURED)
    first, second = wire.forms(LIST)
    assert first == {"created[gte]": str(NOON_S - 300), "limit": "100"}
    assert second == {**first, "starting_after": "cs_test_101"}


def test_i4_nothing_is_found_only_when_everything_was_seen(wire: Wire) -> None:
    foreign = session(id="cs_test_2", client_reference_id=None, status=None)
    wire.tell(LIST, listing(foreign))
    assert value_of(find(wire)) is None
    wire.tell(LIST, listing(foreign, more=True), refuses(500))
    assert isinstance(find(wire), Unknown)


def test_i4_of_two_pages_after_a_forgotten_key_the_paid_one_counts(wire: Wire) -> None:
    wire.tell(LIST, listing(session(id="cs_test_2"), session(status="complete"), session(id="cs_test_3")))
    wire.tell(LOOK, paid())
    found = value_of(find(wire))
    assert found is not None
    assert found.ref == "cs_test_1"
