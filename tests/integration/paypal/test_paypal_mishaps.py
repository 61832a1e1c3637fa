"""Whatever goes wrong on the way to PayPal: one effect in the end, or an admitted doubt."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from printapic.application.ports.payments import (
    Done,
    NotSent,
    Opened,
    Outcome,
    Rejected,
    Unknown,
)
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import RefundFact, Snapshot
from tests.integration.paypal.till import PRICE, TWO, Shop, new_key, value_of
from tests.providers.counter import Call, WireFault
from tests.providers.paypal.representations import PAYER_EMAIL

DEAD = (
    WireFault.DROP_BEFORE,
    WireFault.DROP_AFTER,
    WireFault.SERVER_ERROR_BEFORE,
    WireFault.SERVER_ERROR_AFTER,
)
SPOILT = (WireFault.MALFORMED, WireFault.UNKNOWN_WORD, WireFault.MISSING_FIELD)
PASSING = (*DEAD, WireFault.DELAY, WireFault.BUSY, WireFault.TOO_MANY, WireFault.EXPIRED_CREDENTIALS)


def converged(till: Shop, call: str, fault: WireFault) -> None:
    """Whatever goes wrong the first time: the same call under the same key has one effect in the end."""
    key, request = new_key(), till.request()
    ref = till.approved()
    if call in ("capture", "void"):
        ref = till.held()
    elif call == "refund":
        ref, capture = till.paid()
    till.paypal.plan(Call(call), 1, fault)

    def once() -> Outcome[Opened] | Outcome[Snapshot] | Outcome[RefundFact]:
        match call:
            case "open":
                return till.gateway.open(checkout=request, key=key)
            case "complete":
                return till.gateway.complete(ref=ref, key=key)
            case "capture":
                return till.gateway.capture(ref=ref, amount=PRICE, final=True, key=key)
            case "void":
                return till.gateway.void(ref=ref, key=key)
            case _:
                return till.refund(capture, TWO, key)

    first = once()
    if fault in SPOILT and call != "void":
        assert isinstance(first, Unknown), first
    assert isinstance(first, Done | Unknown), first
    assert isinstance(once(), Done)
    match call:
        case "open":
            assert len(till.paypal.checkouts(request.our_reference)) == 1
        case "void":
            assert till.look(ref).state is AttemptState.VOIDED
        case "refund":
            assert [fact.operation_id for fact in till.look(ref).refunds] == [key]
        case _:
            assert [fact.amount for fact in till.look(ref).captures] == [PRICE]


@pytest.mark.parametrize("fault", [*PASSING, *SPOILT])
@pytest.mark.parametrize("call", ["open", "complete", "capture", "void", "refund"])
def test_u2_u3_u4_u5_every_call_converges_after_every_mishap(till: Shop, call: str, fault: WireFault) -> None:
    converged(till, call, fault)


@pytest.mark.parametrize("fault", [*DEAD, *SPOILT])
def test_w6_a_look_that_goes_wrong_is_repeated_or_admits_it(till: Shop, fault: WireFault) -> None:
    ref, _ = till.paid()
    till.paypal.plan(Call.FETCH, 1, fault)
    outcome = till.gateway.fetch(ref=ref)
    assert isinstance(outcome, Unknown if fault in SPOILT else Done)
    assert till.look(ref).state is AttemptState.CAPTURED


def test_u1_behind_a_closed_door_nothing_is_sent(till: Shop) -> None:
    ref, capture = till.paid()
    till.paypal.close_door()
    assert isinstance(till.refund(capture, TWO, new_key()), NotSent)
    assert isinstance(till.gateway.fetch(ref=ref), NotSent)
    till.paypal.close_door(False)
    assert till.look(ref).refunds == ()


def test_u4_tokens_end_before_their_time_and_nobody_notices(till: Shop) -> None:
    ref, capture = till.paid()
    till.paypal.expire_tokens()
    value_of(till.refund(capture, TWO, new_key()))
    till.paypal.tokens_last(timedelta(seconds=90))
    till.paypal.expire_tokens()
    till.look(ref)
    till.paypal.books.pass_time(timedelta(seconds=91))
    assert len(till.look(ref).refunds) == 1


def test_i4_forgotten_keys_refund_nothing_twice(till: Shop) -> None:
    ref, capture = till.paid()
    for amount in (TWO, capture.amount - TWO):
        key = new_key()
        first = value_of(till.refund(capture, amount, key))
        till.paypal.plan(Call.REFUND, 1, WireFault.FORGOTTEN_KEYS)
        assert value_of(till.refund(capture, amount, key)) == first
    assert sum(fact.amount.minor for fact in till.look(ref).refunds) == PRICE.minor


def test_i4_forgotten_keys_take_nothing_twice(till: Shop) -> None:
    ref, key = till.held(), new_key()
    part = Money.of("5.00", "EUR")
    for _ in range(2):
        till.paypal.plan(Call.CAPTURE, 1, WireFault.FORGOTTEN_KEYS)
        value_of(till.gateway.capture(ref=ref, amount=part, final=False, key=key))
    assert [fact.amount for fact in till.look(ref).captures] == [part]


def test_i2_a_key_serves_no_second_amount(till: Shop) -> None:
    ref, capture = till.paid()
    key = new_key()
    value_of(till.refund(capture, TWO, key))
    assert isinstance(till.refund(capture, Money.of("3.00", "EUR"), key), Rejected)
    request, other = till.request(), till.request(TWO)
    opening = new_key()
    value_of(till.gateway.open(checkout=request, key=opening))
    assert isinstance(till.gateway.open(checkout=other, key=opening), Rejected)
    assert [fact.amount for fact in till.look(ref).refunds] == [TWO]
    assert till.paypal.checkouts(other.our_reference) == []


def test_r5_threads_under_one_key_have_one_effect(till: Shop) -> None:
    ref = till.approved()
    key = new_key()
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda _: till.gateway.complete(ref=ref, key=key), range(6)))
        (capture,) = till.look(ref).captures
        facts = list(threads.map(lambda _: till.refund(capture, TWO, key), range(6)))
    assert any(isinstance(outcome, Done) for outcome in done)
    assert {type(outcome) for outcome in (*done, *facts)} <= {Done, Unknown}
    assert len(till.look(ref).refunds) == 1


def test_s1_no_log_and_no_outcome_shows_a_secret_or_the_payer(
    till: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ref, capture = till.paid()
    outcomes: list[object] = [till.gateway.fetch(ref=ref), till.refund(capture, TWO, new_key())]
    for fault in (WireFault.MALFORMED, WireFault.DROP_AFTER, WireFault.EXPIRED_CREDENTIALS):
        till.paypal.plan(Call.REFUND, 1, fault)
        outcomes.append(till.refund(capture, TWO, new_key()))
    till.paypal.expire_tokens()
    till.paypal.plan(Call.TOKEN, 1, WireFault.MISSING_FIELD)
    outcomes.append(till.gateway.fetch(ref=ref))
    assert "oauth2" in caplog.text
    granted = till.gateway._api.tokens.current(till.gateway._api.sender)
    seen = caplog.text + repr(outcomes)
    assert not [secret for secret in (granted, till.paypal.client_secret, PAYER_EMAIL) if secret in seen]
