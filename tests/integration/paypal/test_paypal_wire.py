"""The simulated PayPal's door: tokens, everything that can go wrong on the way, and being killed."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.providers.books import ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.paypal.access import CLIENT_ID, CLIENT_SECRET
from tests.providers.paypal.caller import ORDERS, PAYMENTS, Caller, amount, done, issue_of, order_request
from tests.providers.paypal.opening import app_on
from tests.providers.paypal.purchases import capture_in, captured, euros, held
from tests.providers.paypal.redirection import to_loopback
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.process import ProviderProcess
from tests.providers.routes import Reply, Request

TOKEN = "/v1/oauth2/token"


def test_u4_nobody_comes_in_without_credentials(paypal: PayPalSimulator, shop: Caller) -> None:
    grant = {"grant_type": "client_credentials"}
    for user, password in ((CLIENT_ID, "wrong"), ("wrong", CLIENT_SECRET)):
        answer = shop.client.post(TOKEN, data=grant, auth=(user, password))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    bearer = {"Authorization": "Bearer wrong"}
    assert shop.client.get(f"{ORDERS}/ABCDEFGH", headers=bearer).status_code == 401


def test_u4_a_token_ends_with_its_time_or_earlier(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.expire_tokens()
    refused = shop.get(f"{ORDERS}/{order}")
    assert (refused.status_code, refused.json()["name"]) == (401, "AUTHENTICATION_FAILURE")
    paypal.tokens_last(timedelta(minutes=2))
    shop.token()
    assert shop.get(f"{ORDERS}/{order}").is_success
    paypal.books.pass_time(timedelta(minutes=2))
    assert shop.get(f"{ORDERS}/{order}").status_code == 401


def test_u4_a_token_that_was_refused_is_refused_again(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.plan(Call.FETCH, 1, WireFault.EXPIRED_CREDENTIALS)
    assert [shop.get(f"{ORDERS}/{order}").status_code for _ in range(2)] == [401, 401]
    shop.token()
    assert shop.get(f"{ORDERS}/{order}").is_success


def test_every_answer_has_an_id_that_support_could_look_for(shop: Caller) -> None:
    answers = [shop.post(ORDERS, order_request()), shop.get(f"{ORDERS}/UNKNOWN1")]
    ids = [answer.headers["PayPal-Debug-Id"] for answer in answers]
    assert len(set(ids)) == 2
    assert answers[1].json()["debug_id"] == ids[1]


@pytest.mark.parametrize(
    ("content", "headers", "status", "issue"),
    [
        (b'{"intent":', {}, 400, "MALFORMED_REQUEST_JSON"),
        (b"[]", {}, 400, "MALFORMED_REQUEST_JSON"),
        (b"\xff", {}, 400, "MALFORMED_REQUEST_JSON"),
        (b"{}", {}, 400, "MISSING_REQUIRED_PARAMETER"),
        (b'{"intent": "SALE"}', {}, 400, "INVALID_PARAMETER_VALUE"),
        (b'{"intent": "CAPTURE", "purchase_units": [{}]}', {}, 400, "MISSING_REQUIRED_PARAMETER"),
        (b'{"intent": "CAPTURE", "purchase_units": [1]}', {}, 400, "INVALID_PARAMETER_SYNTAX"),
        (b'{"intent": "CAPTURE", "purchase_units": [{}, {}]}', {}, 400, "NOT_SUPPORTED"),
        (
            b'{"intent": "CAPTURE", "purchase_units": [{}], "payment_source": {"card": {}}}',
            {},
            400,
            "NOT_SUPPORTED",
        ),
        (b"{}", {"Content-Type": "text/plain"}, 415, None),
        (b"{}", {"PayPal-Request-Id": "x" * 109}, 400, "INVALID_STRING_LENGTH"),
    ],
)
def test_what_is_malformed_is_refused(
    bare: Caller, content: bytes, headers: dict[str, str], status: int, issue: str | None
) -> None:
    sent = {"Authorization": f"Bearer {bare.token()}", "Content-Type": "application/json", **headers}
    answer = bare.client.post(ORDERS, content=content, headers=sent)
    assert answer.status_code == status
    if issue is not None:
        assert issue_of(answer) == (status, issue)


def test_a_wallet_needs_a_request_id(bare: Caller) -> None:
    assert issue_of(bare.post(ORDERS, order_request(), key="")) == (400, "PAYPAL_REQUEST_ID_REQUIRED")


def test_a_request_without_an_id_has_an_effect_each_time(paypal: PayPalSimulator, bare: Caller) -> None:
    _, capture = captured(paypal, bare)
    for _ in range(2):
        done(bare.post(f"{PAYMENTS}/captures/{capture}/refund", {"amount": amount("1.00")}, key=""))
    assert len(paypal.ledger()) == 3


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [
        (WireFault.DROP_BEFORE, None, False),
        (WireFault.DROP_AFTER, None, True),
        (WireFault.DELAY, 201, True),
        (WireFault.BUSY, 409, False),
        (WireFault.TOO_MANY, 429, False),
        (WireFault.UNAVAILABLE, 503, False),
        (WireFault.SERVER_ERROR_BEFORE, 500, False),
        (WireFault.SERVER_ERROR_AFTER, 500, True),
        (WireFault.MALFORMED, 201, True),
        (WireFault.UNKNOWN_WORD, 201, True),
        (WireFault.MISSING_FIELD, 201, True),
        (WireFault.EXPIRED_CREDENTIALS, 401, False),
        (WireFault.FORGOTTEN_KEYS, 201, True),
    ],
)
def test_u2_u3_u5_a_capture_goes_wrong_on_the_wire_and_never_twice(
    paypal: PayPalSimulator, shop: Caller, fault: WireFault, status: int | None, taken: bool
) -> None:
    order, key = shop.open(), str(uuid4())
    paypal.pay(order)
    paypal.plan(Call.COMPLETE, 1, fault)
    if status is None:
        with pytest.raises(httpx.RemoteProtocolError):
            shop.capture(order, key=key)
    else:
        assert shop.capture(order, key=key).status_code == status
    assert len(paypal.ledger()) == taken
    shop.token()
    again = done(shop.capture(order, key=key))
    assert capture_in(again)["status"] == "COMPLETED"
    assert len(paypal.ledger()) == 1


def test_u5_spoilt_answers_are_marked(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.plan(Call.FETCH, 1, WireFault.UNKNOWN_WORD)
    paypal.plan(Call.FETCH, 2, WireFault.MISSING_FIELD)
    strange, bald = (shop.get(f"{ORDERS}/{order}") for _ in range(2))
    assert (strange.json()["status"], "status" in bald.json()) == ("TELEPORTED", False)
    assert strange.headers["X-Deliberate-Fault"] == bald.headers["X-Deliberate-Fault"] == "yes"


def test_i4_forgotten_keys_leave_only_the_guards(paypal: PayPalSimulator, shop: Caller) -> None:
    order, capture = captured(paypal, shop)
    key = str(uuid4())
    done(shop.refund(capture, "1.00", key=key, invoice_id=key))
    paypal.plan(Call.REFUND, 1, WireFault.FORGOTTEN_KEYS)
    assert issue_of(shop.refund(capture, "1.00", key=key, invoice_id=key)) == (422, "DUPLICATE_INVOICE_ID")
    paypal.plan(Call.COMPLETE, 1, WireFault.FORGOTTEN_KEYS)
    assert issue_of(shop.capture(order)) == (422, "ORDER_ALREADY_CAPTURED")


@pytest.mark.parametrize("call", [Call.FIND, Call.MOVEMENTS])
def test_a_plan_for_either_use_of_the_report_strikes(
    paypal: PayPalSimulator, shop: Caller, call: Call
) -> None:
    paypal.plan(call, 1, WireFault.UNAVAILABLE)
    now = paypal.books.now().isoformat(timespec="seconds")
    query = {"start_date": now, "end_date": now}
    answers = [shop.get("/v1/reporting/transactions", **query).status_code for _ in range(2)]
    assert answers == [503, 200]


def test_i1_a_request_in_hand_keeps_its_id_busy(tmp_path: Path) -> None:
    books, elsewhere = (ProviderBooks(tmp_path / "paypal.sqlite") for _ in range(2))
    app = app_on(books)
    body = b"grant_type=client_credentials"
    credentials = httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)._auth_header
    granted = app.answer(
        Request(method="POST", path=TOKEN, headers={"authorization": credentials}, body=body), None
    )
    token = httpx.Response(200, content=granted.body).json()["access_token"]
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "paypal-request-id": "one",
    }
    refund = Request(method="POST", path=f"{PAYMENTS}/captures/NONE/refund", headers=headers)
    with ThreadPoolExecutor(2) as threads:
        with elsewhere.entry():
            both: list[Future[Reply]] = [threads.submit(app.answer, refund, None) for _ in range(2)]
            (first,), (second,) = wait(both, timeout=20, return_when=FIRST_COMPLETED)
        assert (first.result().status, second.result().status) == (409, 404)
    assert app.answer(refund, None).status == 404
    books.close()
    elsewhere.close()


def test_i3_what_was_done_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    path, key = tmp_path / "paypal.sqlite", str(uuid4())
    process = ProviderProcess("paypal", books=path)
    paypal = PayPalSimulator(path, served_at=process.url)
    try:
        with httpx.Client(transport=to_loopback(), base_url=process.url) as client:
            shop = Caller(client)
            order = shop.open()
            paypal.pay(order)
            paypal.plan(Call.COMPLETE, 1, WireFault.DROP_AFTER)
            with pytest.raises(httpx.RemoteProtocolError):
                shop.capture(order, key=key)
            paypal.plan(Call.REFUND, 1, WireFault.SERVER_ERROR_BEFORE)
            before = paypal.raw_deliveries()
            process.kill()
            process = ProviderProcess("paypal", books=path, port=process.port)
            # Tokens, keys, plans and PayPal's own certificate are all in the books.
            capture = capture_in(done(shop.capture(order, key=key)))
            assert [line.ref for line in paypal.ledger()] == [capture["id"]]
            assert shop.refund(capture["id"]).status_code == 500
            assert [body for body, _ in paypal.raw_deliveries()] == [body for body, _ in before]
    finally:
        paypal.close()
        process.close()


def test_two_look_into_the_same_books(paypal: PayPalSimulator, shop: Caller) -> None:
    order, _ = held(paypal, shop)
    other = PayPalSimulator(paypal.books.path, served_at=paypal.url)
    assert (other.webhook_id, other.root_pem) == (paypal.webhook_id, paypal.root_pem)
    other.payout(euros("1.00"))
    reference = shop.order(order)["purchase_units"][0]["custom_id"]
    assert paypal.checkouts(reference) == [order] == other.checkouts(reference)
    assert paypal.ledger() == other.ledger()
    assert paypal.checkouts("unknown") == []
    other.close()


def test_the_door_can_be_closed(paypal: PayPalSimulator, shop: Caller) -> None:
    order = shop.open()
    paypal.close_door()
    with pytest.raises(httpx.ConnectError):
        shop.order(order)
    paypal.close_door(closed=False)
    assert shop.order(order)["id"] == order
