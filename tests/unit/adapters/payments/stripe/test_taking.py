"""Taking held money, and closing checkouts."""

from __future__ import annotations

import httpx
import pytest

from printapic.application.ports.payments import Done, NotSent, Outcome, Rejected, Unknown
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import Snapshot
from tests.unit.adapters.payments.stripe.wire import (
    CANCEL,
    CAPTURE,
    EXPIRE,
    KEY,
    LOOK,
    PRICE,
    Json,
    Wire,
    charge,
    held,
    intent,
    paid,
    refuses,
    session,
    value_of,
)

TEN = Money.of("10.00", "EUR")
TAKEN = refuses(400, "payment_intent_unexpected_state")


def taken(captured: int = 1290) -> Json:
    return session(
        status="complete", payment_intent=intent("succeeded", charge(captured), capture_method="manual")
    )


def let_go() -> Json:
    gone = intent("canceled", charge(0), capture_method="manual", cancellation_reason="abandoned")
    return session(status="complete", payment_intent=gone)


def expired() -> Json:
    return session(status="expired", url=None)


def voucher() -> Json:
    return session(status="complete", payment_intent=intent("requires_action"))


def capture(wire: Wire, amount: Money = PRICE, *, final: bool = True) -> Outcome[Snapshot]:
    return wire.gateway.capture(ref="cs_test_1", amount=amount, final=final, key=KEY)


def void(wire: Wire) -> Outcome[Snapshot]:
    return wire.gateway.void(ref="cs_test_1", key=KEY)


@pytest.mark.parametrize(("amount", "minor"), [(PRICE, 1290), (TEN, 1000)])
def test_h2_held_money_is_taken_whole_or_in_part(wire: Wire, amount: Money, minor: int) -> None:
    wire.tell(LOOK, held(), taken(minor))
    wire.tell(CAPTURE, intent("succeeded"))
    snapshot = value_of(capture(wire, amount))
    assert (snapshot.state, [fact.amount for fact in snapshot.captures]) == (AttemptState.CAPTURED, [amount])
    assert wire.forms(CAPTURE) == [{"amount_to_capture": str(minor)}]
    assert wire.sent(CAPTURE)[0].headers["idempotency-key"] == str(KEY)


def test_h2_money_taken_before_is_the_same_result_where_it_is_the_same_amount(wire: Wire) -> None:
    wire.tell(LOOK, taken(1000))
    wire.tell(CAPTURE, TAKEN)
    assert value_of(capture(wire, TEN)).captures[0].amount == TEN
    assert isinstance(capture(wire, PRICE), Rejected)


def test_h2_what_stripe_takes_it_takes_once_so_a_part_is_always_final(wire: Wire) -> None:
    wire.tell(LOOK, held())
    assert capture(wire, TEN, final=False) == Rejected(
        code="capture-must-be-final", trace=wire.gateway.fetch(ref="cs_test_1").trace
    )
    assert wire.posts == []
    wire.tell(LOOK, held(), taken())
    wire.tell(CAPTURE, intent("succeeded"))
    assert isinstance(capture(wire, PRICE, final=False), Done)


@pytest.mark.parametrize(
    ("page", "amount", "code"),
    [
        (session(), PRICE, "nothing-authorized"),
        (held(), Money.of("10.00", "USD"), "currency-mismatch"),
        (held(), Money.of("0.00", "EUR"), "amount-invalid"),
    ],
)
def test_h2_what_cannot_be_taken_is_never_sent(wire: Wire, page: Json, amount: Money, code: str) -> None:
    wire.tell(LOOK, page)
    outcome = capture(wire, amount)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert wire.posts == []


def test_h2_more_than_is_held_is_refused(wire: Wire) -> None:
    wire.tell(LOOK, held())
    wire.tell(CAPTURE, refuses(400, "amount_too_large"))
    outcome = capture(wire, Money.of("99.00", "EUR"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "amount-too-large"


@pytest.mark.parametrize("gone", [httpx.ConnectError("no"), refuses(401), session(status="odd")], ids=str)
def test_u2_money_taken_but_not_seen_is_never_called_untaken(wire: Wire, gone: Exception | Json) -> None:
    wire.tell(LOOK, held(), gone)
    wire.tell(CAPTURE, intent("succeeded"))
    assert capture(wire) == Unknown(reason="sent-but-not-seen")
    wire.tell(LOOK, held(), gone)
    wire.tell(CAPTURE, TAKEN)
    assert capture(wire) == Unknown(reason="sent-but-not-seen")


def test_u1_without_a_look_nothing_is_taken(wire: Wire) -> None:
    wire.tell(LOOK, httpx.ConnectError("no"))
    assert isinstance(capture(wire), NotSent)
    wire.tell(LOOK, httpx.ReadTimeout("no"))
    assert isinstance(capture(wire), Unknown)
    assert wire.posts == []


def test_c1_an_open_page_is_closed(wire: Wire) -> None:
    wire.tell(LOOK, session(), expired())
    wire.tell(EXPIRE, expired())
    assert value_of(void(wire)).state is AttemptState.EXPIRED
    assert wire.posts == [EXPIRE]
    assert wire.sent(EXPIRE)[0].headers["idempotency-key"] == str(KEY)


@pytest.mark.parametrize(("page", "after"), [(held(), let_go()), (voucher(), let_go())])
def test_c1_a_hold_or_a_voucher_is_let_go(wire: Wire, page: Json, after: Json) -> None:
    wire.tell(LOOK, page, after)
    wire.tell(CANCEL, intent("canceled"))
    assert value_of(void(wire)).state is AttemptState.VOIDED
    assert wire.posts == [CANCEL]
    assert wire.forms(CANCEL) == [{"cancellation_reason": "abandoned"}]


@pytest.mark.parametrize(
    ("page", "state"),
    [
        (paid(), AttemptState.CAPTURED),
        (expired(), AttemptState.EXPIRED),
        (let_go(), AttemptState.VOIDED),
        (
            session(status="complete", payment_intent=intent("requires_payment_method")),
            AttemptState.FAILED,
        ),
    ],
)
def test_c2_what_is_over_stays_as_it_is(wire: Wire, page: Json, state: AttemptState) -> None:
    wire.tell(LOOK, page)
    assert value_of(void(wire)).state is state
    assert wire.posts == []


@pytest.mark.parametrize(
    ("after", "state"), [(paid(), AttemptState.CAPTURED), (expired(), AttemptState.EXPIRED)]
)
def test_c2_a_page_that_ended_while_we_closed_it_is_told_as_it_ended(
    wire: Wire, after: Json, state: AttemptState
) -> None:
    wire.tell(LOOK, session(), after)
    wire.tell(EXPIRE, refuses(400))
    assert value_of(void(wire)).state is state


def test_c2_a_page_on_which_money_is_held_by_now_was_not_closed(wire: Wire) -> None:
    wire.tell(LOOK, session(), held())
    wire.tell(EXPIRE, refuses(400, "checkout_session_not_open"))
    outcome = void(wire)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "checkout-session-not-open"


def test_h4_while_the_bank_decides_nothing_is_closed(wire: Wire) -> None:
    wire.tell(LOOK, session(status="complete", payment_intent=intent("processing")))
    outcome = void(wire)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "bank-decides"
    assert wire.posts == []


def test_i2_a_key_that_was_used_for_something_else_closes_nothing(wire: Wire) -> None:
    wire.tell(LOOK, session())
    wire.tell(EXPIRE, refuses(400, kind="idempotency_error"))
    outcome = void(wire)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "idempotency-key-reused"


def test_completing_is_looking(wire: Wire) -> None:
    wire.tell(LOOK, paid())
    assert value_of(wire.gateway.complete(ref="cs_test_1", key=KEY)).state is AttemptState.CAPTURED
    assert wire.posts == []
