"""What every answer of Stripe's, or the lack of one, means for money: table 4.1 of the payments design."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import httpx
import pytest
import stripe

from printapic.adapters.payments.sending import provider_client
from printapic.adapters.payments.stripe.gateway import StripeGateway
from printapic.application.ports.payments import (
    Declined,
    NotSent,
    Outcome,
    Rejected,
    Trace,
    Unknown,
)
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import RefundFact
from tests.unit.adapters.payments.stripe.wire import (
    CHARGE,
    KEY,
    LOOK,
    OPEN,
    REFUND,
    SECRET_KEY,
    Step,
    Wire,
    charge,
    checkout_request,
    paid,
    refund,
    refuses,
    says,
    session,
    value_of,
)

TWO = Money.of("2.00", "EUR")
REFUSED = httpx.ConnectError("refused")
NAMED = Trace(request_id="req_1")


def give_back(wire: Wire, *steps: Step) -> Outcome[RefundFact]:
    wire.tell(CHARGE, charge())
    wire.tell(REFUND, *steps)
    return wire.gateway.refund(capture_ref="ch_1", amount=TWO, reason="requested", key=KEY)


@pytest.mark.parametrize(
    "error",
    [REFUSED, httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")],
    ids=lambda e: type(e).__name__,
)
def test_u1_what_did_not_reach_stripe_was_not_sent(wire: Wire, error: Exception) -> None:
    assert give_back(wire, error) == NotSent()
    assert len(wire.sent(REFUND)) == 3


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout("slow"), httpx.ReadError("gone"), httpx.RemoteProtocolError("gone"), OSError("gone")],
    ids=lambda e: type(e).__name__,
)
def test_u2_what_broke_under_way_is_unknown_and_was_sent_under_one_key(wire: Wire, error: Exception) -> None:
    assert give_back(wire, error) == Unknown(reason=type(error).__name__)
    assert [sent.headers["idempotency-key"] for sent in wire.sent(REFUND)] == [str(KEY)] * 3
    assert len({sent.content for sent in wire.sent(REFUND)}) == 1


def test_u2_a_timeout_followed_by_a_refused_connection_is_unknown(wire: Wire) -> None:
    assert isinstance(give_back(wire, httpx.ReadTimeout("slow"), REFUSED), Unknown)


def test_u2_a_timeout_followed_by_an_answer_is_that_answer(wire: Wire) -> None:
    assert value_of(give_back(wire, httpx.ReadTimeout("slow"), refund())).ref == "re_1"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_u3_a_server_error_is_repeated_and_then_unknown(wire: Wire, status: int) -> None:
    broken = refuses(status, kind="api_error")
    assert give_back(wire, broken) == Unknown(reason=f"status-{status}", trace=NAMED)
    assert len(wire.sent(REFUND)) == 3
    assert value_of(give_back(wire, broken, refund())).ref == "re_1"


def test_u3_a_request_still_in_progress_is_repeated_and_then_unknown(wire: Wire) -> None:
    busy = refuses(409, "idempotency_key_in_use", "idempotency_error")
    assert give_back(wire, busy) == Unknown(reason="status-409", trace=NAMED)
    assert value_of(give_back(wire, busy, busy, refund())).ref == "re_1"


def test_u3_too_many_requests_are_not_sent(wire: Wire) -> None:
    limited = says(429, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}, Retry_After="30")
    assert give_back(wire, limited) == NotSent()
    assert isinstance(give_back(wire, httpx.ReadTimeout("slow"), limited), Unknown)


def test_u3_an_old_spelling_of_too_many_requests_is_not_taken_for_a_decision(wire: Wire) -> None:
    assert isinstance(give_back(wire, refuses(400, "rate_limit")), Unknown)


def test_u3_a_failure_that_stripe_replays_is_not_asked_for_again(wire: Wire) -> None:
    remembered = says(500, {"error": {"type": "api_error"}}, Idempotent_Replayed="true")
    assert give_back(wire, remembered) == Unknown(reason="replayed-500", trace=NAMED)
    assert len(wire.sent(REFUND)) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_u4_wrong_credentials_are_rejected_at_once(wire: Wire, status: int) -> None:
    assert give_back(wire, refuses(status)) == Rejected(code="unauthorized", trace=Trace(request_id="req_1"))
    assert len(wire.sent(REFUND)) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_u4_a_refusal_at_the_door_says_nothing_about_the_sending_before(wire: Wire, status: int) -> None:
    outcome = give_back(wire, httpx.ReadTimeout("slow"), refuses(status))
    assert outcome == Unknown(reason=f"status-{status}", trace=NAMED)


def test_a_refused_card_is_a_decline_of_the_customers_means(wire: Wire) -> None:
    declined = refuses(402, "card_declined", "card_error", decline_code="insufficient_funds")
    outcome = give_back(wire, declined)
    assert outcome == Declined(code="insufficient-funds", trace=Trace(request_id="req_1"))
    outcome = give_back(wire, refuses(402, "expired_card", "card_error"))
    assert isinstance(outcome, Declined)
    assert outcome.code == "expired-card"


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (400, "parameter_invalid_integer", "parameter-invalid-integer"),
        (400, "balance_insufficient", "balance-insufficient"),
        (404, "resource_missing", "not-found"),
        (400, None, "invalid-request"),
        (400, "Somebody's name, <script>", "invalid-request"),
        (400, "x" * 100, "invalid-request"),
    ],
)
def test_other_refusals_are_rejected_by_their_code(
    wire: Wire, status: int, code: str | None, ours: str
) -> None:
    assert give_back(wire, refuses(status, code)) == Rejected(code=ours, trace=Trace(request_id="req_1"))
    assert len(wire.sent(REFUND)) == 1


def test_u5_a_refusal_whose_code_is_no_word_is_still_a_refusal(wire: Wire) -> None:
    odd = says(400, {"error": {"type": "invalid_request_error", "code": 7}})
    outcome = give_back(wire, odd)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "invalid-request"


def test_i2_a_key_that_came_with_another_request_is_rejected(wire: Wire) -> None:
    outcome = give_back(wire, refuses(400, kind="idempotency_error"))
    assert outcome == Rejected(code="idempotency-key-reused", trace=Trace(request_id="req_1"))


UNREADABLE = {
    "not JSON": b"<html>",
    "cut off": b'{"id": "re_1", "obj',
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "nothing": b"",
    "an empty object": b"{}",
    "too deep": b"[" * 100_000,
    "an unknown word": json.dumps(refund(status="reconsidered")).encode(),
    "a missing field": json.dumps({k: v for k, v in refund().items() if k != "amount"}).encode(),
    "a missing status": json.dumps({k: v for k, v in refund().items() if k != "status"}).encode(),
    "no status": json.dumps(refund(status=None)).encode(),
    "a fraction": json.dumps(refund(amount=200.5)).encode(),
    "a text for an amount": json.dumps(refund(amount="200")).encode(),
    "true for an amount": json.dumps(refund(amount=True)).encode(),
    "nothing at all": json.dumps(refund(amount=0)).encode(),
    "less than nothing": json.dumps(refund(amount=-200)).encode(),
    "another amount": json.dumps(refund(amount=201)).encode(),
    "another charge": json.dumps(refund(charge="ch_2")).encode(),
    "another operation": json.dumps(refund(metadata={"operation_id": "other"})).encode(),
    "another currency": json.dumps(refund(currency="huf")).encode(),
    "a time beyond all calendars": json.dumps(refund(created=10**15)).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_u5_a_success_that_cannot_be_read_is_unknown(wire: Wire, body: bytes) -> None:
    outcome = give_back(wire, says(200, body))
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable-")
    assert len(wire.sent(REFUND)) == 1


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"null", b'{"error": "text"}', b'{"error": []}', b"\xff", b"{}"], ids=repr
)
@pytest.mark.parametrize("status", [302, 400, 404, 405, 418])
def test_u5_a_refusal_that_cannot_be_read_is_unknown(wire: Wire, status: int, body: bytes) -> None:
    assert isinstance(give_back(wire, says(status, body)), Unknown)


@pytest.mark.parametrize(
    "call",
    [
        lambda gateway: gateway.open(checkout=checkout_request(), key=KEY),
        lambda gateway: gateway.complete(ref="cs_test_1", key=KEY),
        lambda gateway: gateway.capture(ref="cs_test_1", amount=TWO, final=True, key=KEY),
        lambda gateway: gateway.void(ref="cs_test_1", key=KEY),
        lambda gateway: gateway.refund(capture_ref="ch_1", amount=TWO, reason="", key=KEY),
        lambda gateway: gateway.fetch(ref="cs_test_1"),
        lambda gateway: gateway.find(our_reference="a", since=checkout_request().expires_at),
    ],
    ids=["open", "complete", "capture", "void", "refund", "fetch", "find"],
)
def test_no_call_ever_raises(call: Callable[[StripeGateway], Outcome[object]]) -> None:
    def gateway(step: httpx.Response | Exception) -> StripeGateway:
        def answer(request: httpx.Request) -> httpx.Response:
            if isinstance(step, Exception):
                raise step
            return httpx.Response(step.status_code, content=step.content)

        client = provider_client(httpx.MockTransport(answer))
        return StripeGateway(client, secret_key=SECRET_KEY, livemode=False, pause=lambda _: None)

    assert isinstance(call(gateway(REFUSED)), NotSent)
    for broken in (httpx.ReadTimeout("slow"), RuntimeError("bug"), says(500, b""), says(200, b"null")):
        assert isinstance(call(gateway(broken)), Unknown)
    assert isinstance(call(gateway(refuses(401))), Rejected)
    assert isinstance(call(gateway(refuses(404, "resource_missing"))), Rejected)


def test_no_refund_is_begun_in_the_last_seconds_of_a_call(wire: Wire) -> None:
    wire.gateway = StripeGateway(wire.client, secret_key=SECRET_KEY, livemode=False, budget_s=1.9)
    assert give_back(wire, refund()) == NotSent()
    assert wire.posts == []


def test_outcomes_name_the_request(wire: Wire) -> None:
    wire.tell(OPEN, says(200, session(), Idempotent_Replayed="true"))
    outcome = wire.gateway.open(checkout=checkout_request(), key=KEY)
    assert outcome.trace == Trace(request_id="req_1")
    wire.tell(LOOK, paid())
    assert wire.gateway.fetch(ref="cs_test_1").trace == Trace(request_id="req_1")


def test_every_request_names_its_key_edition_and_nothing_of_this_machine(wire: Wire) -> None:
    give_back(wire, refund())
    looked, _, moved = wire.requests
    for sent in wire.requests:
        assert sent.headers["stripe-version"] == "2026-05-27.dahlia"
        assert sent.headers["authorization"] == f"Bearer {SECRET_KEY}"
        assert sent.headers["user-agent"] == "PrintAPic"
        assert not [name for name in sent.headers if name.startswith("x-stripe")]
    assert moved.headers["idempotency-key"] == str(KEY)
    assert "idempotency-key" not in looked.headers
    assert stripe.enable_telemetry is False


def test_s1_nothing_that_passes_is_told_to_logs_warnings_or_the_terminal(
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setattr("stripe._util.STRIPE_LOG", "debug")
    StripeGateway(wire.client, secret_key=SECRET_KEY, livemode=False)
    for name in ("stripe", "httpx", "printapic"):
        caplog.set_level(logging.DEBUG, logger=name)
    wire.tell(LOOK, says(200, paid(), Stripe_Notice="canary"))
    value_of(wire.gateway.fetch(ref="cs_test_1"))
    for answer in (refuses(400), refuses(401), refuses(402), says(200, b'"canary"'), says(500, b"canary")):
        give_back(wire, answer)
    told = caplog.text + "".join(capfd.readouterr()) + "".join(str(each.message) for each in recwarn)
    for secret in (SECRET_KEY, "canary", "operation_id"):
        assert secret not in told


def test_s1_no_object_shows_the_secret_key(wire: Wire) -> None:
    assert SECRET_KEY not in repr(wire.gateway)
    assert SECRET_KEY not in repr(wire.gateway._call())


@pytest.mark.parametrize(
    ("secret_key", "livemode"),
    [
        ("sk_test_1", True),
        ("rk_test_1", True),
        ("sk_live_1", False),
        ("rk_live_1", False),
        ("pk_test_1", False),
        ("whsec_1", False),
        ("", False),
        ("sk_test_", False),
        ("sk_test_1\n", False),
        ("sk_test_1 2", False),
    ],
)
def test_s2_a_key_of_the_other_environment_or_none_at_all_is_refused(
    wire: Wire, secret_key: str, livemode: bool
) -> None:
    with pytest.raises(ValueError, match="no secret key") as refused:
        StripeGateway(wire.client, secret_key=secret_key, livemode=livemode)
    assert len(secret_key) < 8 or secret_key not in str(refused.value)


@pytest.mark.parametrize(("secret_key", "livemode"), [("rk_test_1", False), ("sk_live_1", True)])
def test_s2_a_key_of_this_environment_is_taken(wire: Wire, secret_key: str, livemode: bool) -> None:
    assert StripeGateway(wire.client, secret_key=secret_key, livemode=livemode).livemode is livemode
