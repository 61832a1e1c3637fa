"""What the simulated provider does beyond the contract that all gateways share."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from printapic.adapters.payments.simulated.accounts import fee_of
from printapic.adapters.payments.simulated.answers import encoded
from printapic.adapters.payments.simulated.checkout import Choice
from printapic.adapters.payments.simulated.dashboard import DashboardRefused
from printapic.adapters.payments.simulated.faults import Call, Fault, FaultPlan
from printapic.adapters.payments.simulated.gateway import KEY_LIFETIME, Collection
from printapic.application.ports.payments import (
    ActionRequired,
    NotSent,
    Pending,
    Rejected,
    Unknown,
)
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import RefundState
from tests.unit.adapters.payments.counter import NOON, PRICE, Counter, new_key, value_of

FIVE = Money.of("5.00", "EUR")


def test_money_taken_on_completion_waits_for_the_shop() -> None:
    counter = Counter(collection=Collection.ON_COMPLETE)
    page = counter.opened()
    early = counter.gateway.complete(ref=page.ref, key=new_key())
    assert early == ActionRequired(redirect_url=page.redirect_url, trace=early.trace)
    counter.press(page, Choice.PAY)
    assert (counter.look(page).state, counter.look(page).captures) == (AttemptState.APPROVED, ())
    key = new_key()
    done = value_of(counter.gateway.complete(ref=page.ref, key=key))
    assert (done.state, [c.amount for c in done.captures]) == (AttemptState.CAPTURED, [PRICE])
    assert value_of(counter.gateway.complete(ref=page.ref, key=key)) == done
    assert value_of(counter.gateway.complete(ref=page.ref, key=new_key())) == done


def test_i1_an_answer_that_asks_for_the_customer_is_remembered_too() -> None:
    counter = Counter(collection=Collection.ON_COMPLETE)
    page, key = counter.opened(), new_key()
    counter.gateway.complete(ref=page.ref, key=key)
    counter.press(page, Choice.PAY)
    again = counter.gateway.complete(ref=page.ref, key=key)
    assert isinstance(again, ActionRequired)
    assert counter.look(page).captures == ()


def test_h2_authorized_money_is_captured_in_parts_up_to_what_was_authorized() -> None:
    counter = Counter(collection=Collection.ON_CAPTURE)
    page = counter.opened()
    counter.press(page, Choice.PAY)
    assert counter.look(page).state is AttemptState.AUTHORIZED
    first = value_of(counter.gateway.capture(ref=page.ref, amount=FIVE, final=False, key=new_key()))
    assert first.state is AttemptState.AUTHORIZED
    too_much = counter.gateway.capture(ref=page.ref, amount=FIVE + FIVE, final=False, key=new_key())
    assert isinstance(too_much, Rejected)
    rest = PRICE - FIVE
    last = value_of(counter.gateway.capture(ref=page.ref, amount=rest, final=False, key=new_key()))
    assert last.state is AttemptState.CAPTURED
    assert [capture.amount for capture in last.captures] == [FIVE, rest]


def test_h2_a_final_capture_releases_the_rest_and_a_second_one_is_refused() -> None:
    counter = Counter(collection=Collection.ON_CAPTURE)
    page = counter.opened()
    counter.press(page, Choice.PAY)
    done = value_of(counter.gateway.capture(ref=page.ref, amount=FIVE, final=True, key=new_key()))
    assert done.state is AttemptState.CAPTURED
    again = counter.gateway.capture(ref=page.ref, amount=FIVE, final=True, key=new_key())
    assert again == Rejected(code="nothing-authorized", trace=again.trace)


@pytest.mark.parametrize("amount", ["0.00 EUR", "5.00 USD"])
def test_h2_a_capture_of_nothing_or_in_another_currency_is_refused(amount: str) -> None:
    counter = Counter(collection=Collection.ON_CAPTURE)
    page = counter.opened()
    counter.press(page, Choice.PAY)
    outcome = counter.gateway.capture(
        ref=page.ref, amount=Money.of(*amount.split()), final=True, key=new_key()
    )
    assert isinstance(outcome, Rejected)
    assert counter.look(page).captures == ()


@pytest.mark.parametrize("collection", [Collection.ON_COMPLETE, Collection.ON_CAPTURE])
def test_voiding_gives_an_authorization_back(collection: Collection) -> None:
    counter = Counter(collection=collection)
    page = counter.opened()
    counter.press(page, Choice.PAY)
    assert value_of(counter.gateway.void(ref=page.ref, key=new_key())).state is AttemptState.VOIDED
    assert isinstance(counter.gateway.capture(ref=page.ref, amount=FIVE, final=True, key=new_key()), Rejected)
    assert value_of(counter.gateway.complete(ref=page.ref, key=new_key())).captures == ()


def test_h4_what_the_bank_is_deciding_cannot_be_voided() -> None:
    counter = Counter()
    page = counter.opened()
    counter.press(page, Choice.PENDING)
    assert isinstance(counter.gateway.void(ref=page.ref, key=new_key()), Rejected)
    counter.press(page, Choice.PAY)
    assert counter.look(page).state is AttemptState.CAPTURED


def test_h2_voiding_after_a_part_was_captured_keeps_that_part() -> None:
    counter = Counter(collection=Collection.ON_CAPTURE)
    page = counter.opened()
    counter.press(page, Choice.PAY)
    counter.gateway.capture(ref=page.ref, amount=FIVE, final=False, key=new_key())
    snapshot = value_of(counter.gateway.void(ref=page.ref, key=new_key()))
    assert (snapshot.state, [c.amount for c in snapshot.captures]) == (AttemptState.CAPTURED, [FIVE])


def test_i4_a_key_is_forgotten_after_its_lifetime() -> None:
    counter = Counter()
    request, key = attrs.evolve(counter.request(), expires_at=NOON + timedelta(days=3)), new_key()
    first = value_of(counter.gateway.open(checkout=request, key=key))
    counter.clock.advance(KEY_LIFETIME - timedelta(seconds=1))
    assert value_of(counter.gateway.open(checkout=request, key=key)) == first
    counter.clock.advance(timedelta(seconds=1))
    assert value_of(counter.gateway.open(checkout=request, key=key)) != first


def test_i4_a_young_checkout_is_not_yet_in_the_index_and_find_says_so() -> None:
    counter = Counter(index_lag=timedelta(hours=3))
    page = counter.opened()
    young = counter.gateway.find(our_reference="attempt-1", since=NOON)
    assert isinstance(young, Unknown)
    assert young.reason == "index-incomplete"
    counter.clock.advance(timedelta(hours=3))
    found = value_of(counter.gateway.find(our_reference="attempt-1", since=NOON))
    assert found is not None
    assert found.ref == page.ref


def test_a_checkout_from_before_is_not_found() -> None:
    counter = Counter()
    counter.opened()
    counter.clock.advance(timedelta(minutes=1))
    assert value_of(counter.gateway.find(our_reference="attempt-1", since=NOON)) is not None
    since = NOON + timedelta(seconds=1)
    assert value_of(counter.gateway.find(our_reference="attempt-1", since=since)) is None


def test_of_two_checkouts_with_one_reference_the_one_with_money_is_found() -> None:
    counter = Counter()
    paid = counter.paid()
    counter.clock.advance(timedelta(minutes=1))
    counter.opened()
    found = value_of(counter.gateway.find(our_reference="attempt-1", since=NOON))
    assert found is not None
    assert found.ref == paid.ref


def test_r3_a_pending_refund_is_decided_later_and_counts_until_it_fails() -> None:
    counter = Counter(refunds_pend=True)
    page = counter.paid()
    (capture,) = counter.look(page).captures
    key = new_key()
    arguments = {"capture_ref": capture.ref, "amount": PRICE, "reason": "requested"}
    pending = counter.gateway.refund(**arguments, key=key)  # type: ignore[arg-type]
    assert isinstance(pending, Pending)
    again = counter.gateway.refund(**arguments, key=key)  # type: ignore[arg-type]
    assert isinstance(again, Pending)
    assert again.ref == pending.ref
    assert [fact.state for fact in counter.look(page).refunds] == [RefundState.PENDING]
    assert isinstance(counter.gateway.refund(**arguments, key=new_key()), Rejected)  # type: ignore[arg-type]
    counter.dashboard.decide_refund(pending.ref, RefundState.FAILED)
    assert [fact.state for fact in counter.look(page).refunds] == [RefundState.FAILED]
    assert isinstance(counter.gateway.refund(**arguments, key=new_key()), Pending)  # type: ignore[arg-type]


def test_r3_a_refund_that_comes_back_moves_the_money_back() -> None:
    counter = Counter()
    page = counter.paid()
    (capture,) = counter.look(page).captures
    fact = counter.dashboard.refund(capture.ref, FIVE)
    counter.dashboard.decide_refund(fact.ref, RefundState.FAILED)
    lines = counter.gateway.movements(since=NOON, until=NOON + timedelta(seconds=1))
    assert [(line.kind, line.amount) for line in lines] == [
        ("capture", PRICE),
        ("refund", -FIVE),
        ("refund_returned", FIVE),
    ]
    with pytest.raises(DashboardRefused):
        counter.dashboard.decide_refund(fact.ref, RefundState.SUCCEEDED)


def test_r4_a_refund_in_the_dashboard_names_no_operation() -> None:
    counter = Counter()
    page = counter.paid()
    (capture,) = counter.look(page).captures
    fact = counter.dashboard.refund(capture.ref, FIVE)
    assert (fact.operation_id, fact.state) == (None, RefundState.SUCCEEDED)
    assert counter.look(page).refunds == (fact,)
    for amount in (PRICE, Money.of("0.00", "EUR"), Money.of("1.00", "USD")):
        with pytest.raises(DashboardRefused):
            counter.dashboard.refund(capture.ref, amount)
    with pytest.raises(DashboardRefused):
        counter.dashboard.refund("elsewhere", FIVE)
    with pytest.raises(DashboardRefused):
        counter.dashboard.decide_refund("elsewhere", RefundState.SUCCEEDED)


@pytest.mark.parametrize(
    ("amount", "fee"), [("12.90 EUR", "0.44 EUR"), ("1290 JPY", "44 JPY"), ("0.10 EUR", "0.10 EUR")]
)
def test_a_fee_is_a_share_and_a_fixed_part_but_never_more_than_the_money(amount: str, fee: str) -> None:
    assert fee_of(Money.of(*amount.split())) == Money.of(*fee.split())


@pytest.mark.parametrize(
    "change",
    [
        {"our_reference": ""},
        {"our_reference": "x" * 128},
        {"return_url": "javascript:alert(1)"},
        {"cancel_url": "/relative"},
        {"expires_at": NOON},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_checkout_that_no_page_can_be_made_of_is_rejected(change: dict[str, object]) -> None:
    counter = Counter()
    request = attrs.evolve(counter.request(), **change)  # type: ignore[arg-type]
    assert isinstance(counter.gateway.open(checkout=request, key=new_key()), Rejected)


FAULTS = [
    (Fault.REFUSE, NotSent, False),
    (Fault.THROTTLE, NotSent, False),
    (Fault.UNAUTHORIZED, Rejected, False),
    (Fault.TIME_OUT_BEFORE, Unknown, False),
    (Fault.SERVER_ERROR_BEFORE, Unknown, False),
    (Fault.TIME_OUT_AFTER, Unknown, True),
    (Fault.SERVER_ERROR_AFTER, Unknown, True),
    (Fault.MALFORMED, Unknown, True),
]


@pytest.mark.parametrize(("fault", "kind", "effect"), FAULTS)
def test_every_fault_answers_as_planned_and_has_its_effect_or_none(
    fault: Fault, kind: type, effect: bool
) -> None:
    counter = Counter()
    page = counter.opened()
    counter.gateway.faults.plan("void", 1, fault)
    assert isinstance(counter.gateway.void(ref=page.ref, key=new_key()), kind)
    assert counter.look(page).state is (AttemptState.VOIDED if effect else AttemptState.OPEN)
    value_of(counter.gateway.void(ref=page.ref, key=new_key()))


def test_no_fault_is_forgotten_above() -> None:
    assert {fault for fault, _, _ in FAULTS} == set(Fault)


def test_the_nth_call_of_its_kind_goes_wrong_once_and_no_other() -> None:
    plan = FaultPlan()
    calls: list[Call] = ["open", "fetch", "open", "open", "open"]
    plan.strike("open")
    plan.plan("open", 2, Fault.REFUSE)
    assert [plan.strike(call) for call in calls] == [None, None, Fault.REFUSE, None, None]
    with pytest.raises(ValueError, match="number 1"):
        plan.plan("open", 0, Fault.REFUSE)


def test_what_never_reached_the_provider_is_no_answer_to_remember() -> None:
    with pytest.raises(TypeError, match="Unknown is no answer"):
        encoded(Unknown(reason="time-out"))
