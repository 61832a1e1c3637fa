"""Our Stripe adapter and a Stripe that misbehaves: whatever goes wrong, in the end there is one effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from printapic.application.ports.payments import (
    Done,
    MovementsUnavailable,
    NotSent,
    Opened,
    Outcome,
    Rejected,
    Unknown,
)
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import RefundFact, RefundState, Snapshot
from tests.integration.stripe.till import PRICE, TWO, Till, decided, new_key, value_of
from tests.providers.counter import Call, WireFault

SECOND = timedelta(seconds=1)
PASSING = (
    WireFault.DROP_BEFORE,
    WireFault.DROP_AFTER,
    WireFault.DELAY,
    WireFault.BUSY,
    WireFault.TOO_MANY,
)
REMEMBERED = (WireFault.SERVER_ERROR_BEFORE, WireFault.SERVER_ERROR_AFTER)
SPOILT = (WireFault.MALFORMED, WireFault.UNKNOWN_WORD, WireFault.MISSING_FIELD)


class Errand:
    """One call that moves money, which may be made again under its key, and what it must lead to."""

    def __init__(self, till: Till, call: Call) -> None:
        self.till, self.call, self.key = till, call, new_key()
        self.request = till.request()
        self.ref = till.held() if call in (Call.CAPTURE, Call.VOID) else till.opened().ref
        if call is Call.REFUND:
            self.ref, self.capture = till.paid()

    def run(self) -> Outcome[Opened] | Outcome[Snapshot] | Outcome[RefundFact]:
        gateway = self.till.gateway
        match self.call:
            case Call.OPEN:
                return gateway.open(checkout=self.request, key=self.key)
            case Call.CAPTURE:
                return gateway.capture(ref=self.ref, amount=PRICE, final=True, key=self.key)
            case Call.VOID:
                return gateway.void(ref=self.ref, key=self.key)
            case _:
                return self.till.refund(self.capture, TWO, self.key)

    def effects(self) -> int:
        """How often it happened."""
        if self.call is Call.OPEN:
            return len(self.till.stripe.checkouts(self.request.our_reference))
        look = self.till.look(self.ref)
        match self.call:
            case Call.CAPTURE:
                return len(look.captures)
            case Call.VOID:
                return int(look.state is AttemptState.VOIDED)
            case _:
                return [fact.operation_id for fact in look.refunds].count(self.key)


CALLS = (Call.OPEN, Call.CAPTURE, Call.VOID, Call.REFUND)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("call", CALLS)
def test_u2_u3_what_passes_is_outlasted(till: Till, call: Call, fault: WireFault) -> None:
    errand = Errand(till, call)
    till.stripe.plan(call, 1, fault)
    assert isinstance(errand.run(), Done)
    assert errand.effects() == 1
    assert isinstance(errand.run(), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("fault", [WireFault.BUSY, WireFault.DROP_BEFORE, WireFault.DROP_AFTER])
@pytest.mark.parametrize("call", CALLS)
def test_u2_u3_what_lasts_is_unknown_and_happens_once_in_the_end(
    till: Till, call: Call, fault: WireFault
) -> None:
    errand = Errand(till, call)
    for nth in (1, 2, 3):
        till.stripe.plan(call, nth, fault)
    assert isinstance(errand.run(), Unknown)
    assert errand.effects() == (fault is WireFault.DROP_AFTER)
    assert isinstance(decided(errand.run), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("call", CALLS)
def test_u3_too_many_requests_had_no_effect(till: Till, call: Call) -> None:
    errand = Errand(till, call)
    for nth in (1, 2, 3):
        till.stripe.plan(call, nth, WireFault.TOO_MANY)
    assert isinstance(errand.run(), NotSent)
    assert errand.effects() == 0
    assert isinstance(errand.run(), Done)


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize("call", [Call.OPEN, Call.REFUND])
def test_u5_an_answer_that_cannot_be_read_is_unknown_and_replayed_whole(
    till: Till, call: Call, fault: WireFault
) -> None:
    errand = Errand(till, call)
    till.stripe.plan(call, 1, fault)
    assert isinstance(errand.run(), Unknown)
    assert errand.effects() == 1
    assert isinstance(decided(errand.run), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize("call", [Call.CAPTURE, Call.VOID])
def test_u5_an_answer_after_which_we_look_anyway_is_done_or_unknown(
    till: Till, call: Call, fault: WireFault
) -> None:
    errand = Errand(till, call)
    till.stripe.plan(call, 1, fault)
    assert isinstance(errand.run(), Done | Unknown)
    assert isinstance(decided(errand.run), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("fault", REMEMBERED)
@pytest.mark.parametrize("call", CALLS)
def test_u3_a_failure_that_stripe_remembers_stays_unknown_until_the_look_or_a_new_key(
    till: Till, call: Call, fault: WireFault
) -> None:
    errand = Errand(till, call)
    happened = fault is WireFault.SERVER_ERROR_AFTER
    till.stripe.plan(call, 1, fault)
    assert isinstance(errand.run(), Unknown)
    assert errand.effects() == happened
    if happened and call in (Call.VOID, Call.REFUND):
        assert isinstance(errand.run(), Done), "there is something to see"
    else:
        assert isinstance(errand.run(), Unknown)
        till.stripe.pass_time(timedelta(hours=25))
        if call is Call.OPEN:
            return  # its page would end in the past by now
        assert isinstance(decided(errand.run), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("call", CALLS)
def test_u1_behind_a_closed_door_nothing_happens(till: Till, call: Call) -> None:
    errand = Errand(till, call)
    till.stripe.close_door()
    assert isinstance(errand.run(), NotSent)
    till.stripe.close_door(False)
    assert errand.effects() == 0
    assert isinstance(errand.run(), Done)
    assert errand.effects() == 1


@pytest.mark.parametrize("call", CALLS)
def test_u4_a_key_that_does_not_hold_any_more_is_rejected_without_effect(till: Till, call: Call) -> None:
    errand = Errand(till, call)
    till.stripe.plan(call, 1, WireFault.EXPIRED_CREDENTIALS)
    outcome = errand.run()
    assert isinstance(outcome, Rejected)
    assert outcome.code == "unauthorized"
    assert errand.effects() == 0


@pytest.mark.parametrize("fault", [*PASSING, *REMEMBERED, *SPOILT])
def test_w6_a_look_that_goes_wrong_is_repeated_or_admits_it(till: Till, fault: WireFault) -> None:
    ref, capture = till.paid()
    value_of(till.refund(capture, TWO, new_key()))
    till.stripe.dispute(capture.ref, TWO)
    whole = till.look(ref)
    for nth in (1, 2, 3):
        till.stripe.plan(Call.FETCH, nth, fault)
        outcome = till.gateway.fetch(ref=ref)
        assert (
            isinstance(outcome, Unknown)
            if fault in SPOILT
            else outcome == Done(value=whole, trace=outcome.trace)
        )
    assert till.look(ref) == whole


def test_i4_w6_half_a_list_proves_nothing(till: Till) -> None:
    request = till.request()
    till.stripe.plan(Call.FIND, 1, WireFault.MALFORMED)
    find = till.gateway.find
    since = till.stripe.books.now()
    assert isinstance(find(our_reference=request.our_reference, since=since), Unknown)
    assert value_of(find(our_reference=request.our_reference, since=since)) is None


@pytest.mark.parametrize(
    "fault", [WireFault.MALFORMED, WireFault.MISSING_FIELD, WireFault.EXPIRED_CREDENTIALS]
)
def test_l1_books_that_cannot_be_read_are_not_shown_in_part(till: Till, fault: WireFault) -> None:
    began = till.stripe.books.now() - SECOND
    till.paid()
    till.stripe.plan(Call.MOVEMENTS, 1, fault)
    with pytest.raises(MovementsUnavailable):
        list(till.gateway.movements(since=began, until=began + timedelta(hours=1)))


def test_r5_on_a_line_that_loses_every_third_reply_each_refund_happens_once(till: Till) -> None:
    ref, capture = till.paid()
    keys = [new_key() for _ in range(6)]
    till.stripe.drop_replies(0.3, seed=7)
    with ThreadPoolExecutor(6) as threads:
        facts = list(threads.map(lambda key: value_of(decided(lambda: till.refund(capture, TWO, key))), keys))
    till.stripe.drop_replies(0, seed=7)
    assert [fact.operation_id for fact in facts] == keys
    made = till.look(ref).refunds
    assert {fact.operation_id for fact in made} == set(keys)
    assert len(made) == len(keys)
    assert {fact.state for fact in made} == {RefundState.SUCCEEDED}
