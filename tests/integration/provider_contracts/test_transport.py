"""Between an adapter and the wire: nothing passes that the contract forbids, and nobody can swallow that."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.provider_contracts.contract import Contract, ContractViolation
from tests.provider_contracts.transport import DELIBERATE, ContractTransport

Answer = Callable[[httpx.Request], httpx.Response]
HEADERS = {"Authorization": "Bearer sk_test_none", "Stripe-Version": "2026-05-27.dahlia"}
KEY = {"Idempotency-Key": "0199-key"}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 1290,
    "balance_transaction": None,
    "charge": "ch_1",
    "created": 1767225600,
    "currency": "eur",
    "metadata": {},
    "payment_intent": "pi_1",
    "reason": None,
    "receipt_number": None,
    "source_transfer_reversal": None,
    "status": "succeeded",
    "transfer_reversal": None,
}


class Wire:
    """A client behind a contract, and what reached the other side."""

    def __init__(self, contract: Contract, answer: Answer) -> None:
        self.arrived: list[httpx.Request] = []

        def arrive(request: httpx.Request) -> httpx.Response:
            self.arrived.append(request)
            return answer(request)

        self.transport = ContractTransport(httpx.MockTransport(arrive), contract)
        self.client = httpx.Client(transport=self.transport, base_url="http://127.0.0.1:8", headers=HEADERS)

    def refund(self, **form: Any) -> httpx.Response:
        return self.client.post("/v1/refunds", data={"payment_intent": "pi_1", **form}, headers=KEY)


def says(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return lambda _: httpx.Response(status, json=body, headers=headers)


def swallow(call: Callable[[], object]) -> None:
    """Do what an adapter does."""
    with contextlib.suppress(Exception):
        call()


def test_a_good_exchange_passes_unchanged_and_is_remembered(stripe: Contract) -> None:
    wire = Wire(stripe, says(REFUND, headers={"Request-Id": "req_1"}))
    answer = wire.refund(amount="1290")
    assert answer.json() == REFUND
    assert answer.headers["request-id"] == "req_1"
    assert wire.arrived[0].content == b"payment_intent=pi_1&amount=1290"
    assert wire.transport.seen == {"POST /v1/refunds": 1}
    assert wire.transport.answered == {("POST /v1/refunds", 200): 1}
    wire.transport.check()


def test_a_request_that_the_contract_forbids_is_not_sent(stripe: Contract) -> None:
    wire = Wire(stripe, says(REFUND))
    with pytest.raises(ContractViolation, match="amount"):
        wire.refund(amount="12.90")
    assert wire.arrived == []


@pytest.mark.parametrize(
    "answer",
    [
        says({**REFUND, "amount": "1290"}),
        says({name: value for name, value in REFUND.items() if name != "currency"}),
        says(REFUND, 201),
        says({"message": "no"}, 400),
        says([REFUND]),
        lambda _: httpx.Response(200, text="{", headers={"content-type": "application/json"}),
        lambda _: httpx.Response(200, text=json.dumps(REFUND), headers={"content-type": "text/html"}),
    ],
    ids=["type", "missing", "status", "error", "list", "cut off", "media type"],
)
def test_an_answer_that_the_contract_forbids_does_not_arrive(stripe: Contract, answer: Answer) -> None:
    wire = Wire(stripe, answer)
    with pytest.raises(ContractViolation, match="Stripe, POST /v1/refunds: status"):
        wire.refund()


def test_whoever_takes_every_exception_for_the_weather_does_not_hide_a_violation(
    stripe: Contract,
) -> None:
    wire = Wire(stripe, says(REFUND))
    with pytest.raises(ContractViolation):
        swallow(lambda: wire.refund(reason="because"))
    with pytest.raises(ContractViolation, match="reason"):
        wire.transport.check()


def test_answers_that_a_simulator_spoilt_on_purpose_pass(stripe: Contract) -> None:
    wire = Wire(stripe, says({"id": 1}, headers={DELIBERATE: "missing-field"}))
    assert wire.refund().json() == {"id": 1}
    wire.transport.check()


def test_a_compressed_answer_is_checked_and_read_like_any_other(stripe: Contract) -> None:
    packed = gzip.compress(json.dumps(REFUND).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    wire = Wire(stripe, lambda _: httpx.Response(200, stream=httpx.ByteStream(packed), headers=headers))
    assert wire.refund().json() == REFUND


def test_what_breaks_below_comes_through_as_it_is(stripe: Contract) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    wire = Wire(stripe, refuses)
    with pytest.raises(httpx.ConnectError):
        wire.refund()
    assert wire.transport.seen == {"POST /v1/refunds": 1}
    assert not wire.transport.answered
    wire.transport.check()


def test_only_the_path_counts_and_unknown_ones_are_refused(stripe: Contract, paypal: Contract) -> None:
    wire = Wire(stripe, says(REFUND))
    for path in ("/v2/checkout/orders", "/v1/refunds/", "/v1/refunds/re_1/undo", "/"):
        with pytest.raises(ContractViolation, match="no such method and path"):
            wire.client.get(path)
    with pytest.raises(ContractViolation, match=r"PayPal.*no such method and path"):
        Wire(paypal, says({})).client.get("/v1/refunds")
