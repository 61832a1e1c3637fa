"""The simulated Stripe at its door: credentials, versions, idempotency keys, faults, and kill -9."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import stripe as stripe_sdk

from tests.provider_contracts.contract import Contract
from tests.provider_contracts.transport import DELIBERATE
from tests.providers.books import Json, ProviderBooks
from tests.providers.counter import Call, PageClosed, WebhookPlan, WireFault
from tests.providers.routes import Reply, Request
from tests.providers.server import SPOILT, ProviderApp, ProviderServer
from tests.providers.stripe.api import SESSIONS, StripeApi, checkout, done, look, refused, spelt
from tests.providers.stripe.app import StripeApp
from tests.providers.stripe.opening import DEFAULT_KEY, DEFAULT_SECRET
from tests.providers.stripe.simulator import StripeSimulator
from tests.servers.loopback import loopback_client

THREADS = 20


def opened(stripe: StripeSimulator, api: StripeApi) -> str:
    return str(done(api.post(SESSIONS, **checkout(stripe.books.now())))["id"])


def paid(stripe: StripeSimulator, api: StripeApi) -> str:
    """A charge of 12.90."""
    ref = opened(stripe, api)
    stripe.pay(ref)
    return str(look(api, ref)["payment_intent"]["latest_charge"]["id"])


def refunds(api: StripeApi) -> list[Json]:
    found: list[Json] = done(api.get("/v1/refunds"))["data"]
    return found


def sessions(api: StripeApi) -> int:
    return len(done(api.get(SESSIONS, limit=100))["data"])


def test_the_first_answer_under_a_key_is_the_answer(stripe: StripeSimulator, api: StripeApi) -> None:
    form = checkout(stripe.books.now())
    first = api.post(SESSIONS, key="k", **form)
    stripe.pay(done(first)["id"])
    again = api.post(SESSIONS, key="k", **dict(reversed(form.items())))
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"]
    assert again.headers["request-id"] != first.headers["request-id"]
    assert sessions(api) == 1


def test_a_key_serves_one_request_only(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)
    done(api.post("/v1/refunds", key="k", charge=charge, amount=100))
    other = api.post("/v1/refunds", key="k", charge=charge, amount=101)
    refused(other)
    assert other.json()["error"]["type"] == "idempotency_error"
    refused(api.post(SESSIONS, key="k", **checkout(stripe.books.now())))
    assert len(refunds(api)) == 1


def test_a_refusal_that_was_executed_is_remembered_a_malformed_request_is_not(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    charge = paid(stripe, api)
    refused(api.post("/v1/refunds", key="too much", charge=charge, amount=1291))
    assert api.post("/v1/refunds", key="too much", charge=charge, amount=1291).headers["idempotent-replayed"]
    refused(api.post("/v1/refunds", key="malformed", charge=charge, amount=0))
    assert done(api.post("/v1/refunds", key="malformed", charge=charge, amount=1))["amount"] == 1


@pytest.mark.parametrize(
    "forget", [StripeSimulator.forget_keys, lambda each: each.pass_time(timedelta(hours=24))]
)
def test_forgotten_keys_have_a_second_effect(
    stripe: StripeSimulator, api: StripeApi, forget: Callable[[StripeSimulator], None]
) -> None:
    charge = paid(stripe, api)
    first = done(api.post("/v1/refunds", key="k", charge=charge, amount=100))
    stripe.pass_time(timedelta(hours=23))
    assert done(api.post("/v1/refunds", key="k", charge=charge, amount=100)) == first
    forget(stripe)
    assert done(api.post("/v1/refunds", key="k", charge=charge, amount=100)) != first
    assert len(refunds(api)) == 2


def test_a_key_in_use_is_refused_at_once(stripe: StripeSimulator, api: StripeApi) -> None:
    app = StripeApp(stripe.books)
    form = httpx.QueryParams(spelt(checkout(stripe.books.now())))
    request = Request(
        method="POST",
        path=SESSIONS,
        headers={
            "authorization": f"Bearer {DEFAULT_KEY}",
            "stripe-version": "2026-05-27.dahlia",
            "idempotency-key": "k",
            "content-type": "application/x-www-form-urlencoded",
        },
        body=str(form).encode(),
    )
    with app.keys_in_use.held("k"):
        busy = app.answer(request, None)
    assert busy.status == 409
    assert json.loads(busy.body)["error"]["code"] == "idempotency_key_in_use"
    assert app.answer(request, None).status == 200
    assert sessions(api) == 1


def test_twenty_threads_with_one_key_have_one_effect(stripe: StripeSimulator, api: StripeApi) -> None:
    charge = paid(stripe, api)

    def refund(_: int) -> httpx.Response:
        while (answer := api.post("/v1/refunds", key="k", charge=charge, amount=100)).status_code == 409:
            assert refused(answer, 409) == ("idempotency_key_in_use", None)
        return answer

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(refund, range(THREADS)))
    assert len({done(answer)["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(refunds(api)) == 1


def test_twenty_refunds_at_once_never_give_back_more_than_came(
    stripe: StripeSimulator, api: StripeApi
) -> None:
    charge = paid(stripe, api)
    with ThreadPoolExecutor(THREADS) as threads:
        asked = [threads.submit(api.post, "/v1/refunds", charge=charge, amount=500) for _ in range(THREADS)]
    answers = [each.result() for each in asked]
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [400] * (THREADS - 2)
    assert sum(line.amount.minor for line in stripe.ledger()) == 290


def test_when_customer_and_shop_race_one_wins(stripe: StripeSimulator, api: StripeApi) -> None:
    for _ in range(5):
        ref = opened(stripe, api)

        def pays(ref: str = ref) -> bool:
            try:
                stripe.pay(ref)
            except PageClosed:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            customer = threads.submit(pays)
            shop = threads.submit(api.post, f"{SESSIONS}/{ref}/expire")
        assert customer.result() is (shop.result().status_code != 200)
        assert look(api, ref)["status"] == ("complete" if customer.result() else "expired")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer sk_test_other"}, 401),
        ({"authorization": "Basic c2tfdGVzdF9vdGhlcjo="}, 401),
        ({"authorization": "Basic no-base64"}, 401),
        ({"authorization": ""}, 401),
        ({"stripe-version": "2020-08-27"}, 400),
    ],
)
def test_strangers_and_other_versions_are_sent_off(
    stripe: StripeSimulator, headers: Mapping[str, str], status: int
) -> None:
    known = {"authorization": f"Bearer {DEFAULT_KEY}", "stripe-version": "2026-05-27.dahlia"}
    with loopback_client(stripe.url, headers=known) as client:
        assert client.get(SESSIONS).status_code == 200
        answer = client.get(SESSIONS, headers=headers)
    refused(answer, status)
    assert DEFAULT_KEY not in answer.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/unknown", "", 404),
        (SESSIONS, "mode=payment&unknown=1", 400),
        (SESSIONS, "mode[a]=payment", 400),
        (SESSIONS, "line_items=1", 400),
        (SESSIONS, "a b=1", 400),
        (SESSIONS, "metadata=1&metadata[a]=2", 400),
    ],
)
def test_what_nobody_understands_is_refused(
    stripe: StripeSimulator, path: str, body: str, status: int
) -> None:
    headers = {
        "authorization": f"Bearer {DEFAULT_KEY}",
        "stripe-version": "2026-05-27.dahlia",
        "content-type": "application/x-www-form-urlencoded",
    }
    with loopback_client(stripe.url, headers=headers) as client:
        refused(client.post(path, content=body), status)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (WireFault.BUSY, 409, "idempotency_key_in_use"),
        (WireFault.TOO_MANY, 429, "rate_limit"),
        (WireFault.UNAVAILABLE, 503, None),
        (WireFault.EXPIRED_CREDENTIALS, 401, "api_key_expired"),
    ],
)
def test_what_the_gates_refuse_has_no_effect_and_is_not_remembered(
    stripe: StripeSimulator, api: StripeApi, fault: WireFault, status: int, code: str | None
) -> None:
    charge = paid(stripe, api)
    stripe.plan(Call.REFUND, 1, fault)
    assert refused(api.post("/v1/refunds", key="k", charge=charge), status)[0] == code
    assert refunds(api) == []
    assert "idempotent-replayed" not in api.post("/v1/refunds", key="k", charge=charge).headers
    assert len(refunds(api)) == 1


@pytest.mark.parametrize(
    ("fault", "made"), [(WireFault.SERVER_ERROR_BEFORE, 0), (WireFault.SERVER_ERROR_AFTER, 1)]
)
def test_a_server_error_is_remembered_with_or_without_its_effect(
    stripe: StripeSimulator, api: StripeApi, fault: WireFault, made: int
) -> None:
    charge = paid(stripe, api)
    stripe.plan(Call.REFUND, 1, fault)
    refused(api.post("/v1/refunds", key="k", charge=charge), 500)
    again = api.post("/v1/refunds", key="k", charge=charge)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (500, "true")
    assert len(refunds(api)) == made


@pytest.mark.parametrize("fault", [WireFault.MISSING_FIELD, WireFault.UNKNOWN_WORD])
def test_a_spoilt_answer_is_whole_when_asked_for_again(
    stripe: StripeSimulator, api: StripeApi, fault: WireFault
) -> None:
    charge = paid(stripe, api)
    stripe.plan(Call.REFUND, 1, fault)
    spoilt = done(api.post("/v1/refunds", key="k", charge=charge))
    whole = done(api.post("/v1/refunds", key="k", charge=charge))
    assert spoilt != whole
    assert (spoilt.get("id"), spoilt["status"]) in {(None, "succeeded"), (whole["id"], "entangled")}
    stripe.plan(Call.MOVEMENTS, 1, fault)
    page = done(api.get("/v1/balance_transactions"))
    assert "data" not in page or {line["type"] for line in page["data"]} == {"entangled"}


def test_news_are_signed_as_the_sdk_expects(stripe: StripeSimulator, api: StripeApi) -> None:
    got: list[tuple[bytes, str]] = []

    def shop(body: bytes, headers: Mapping[str, str]) -> int:
        got.append((body, headers["stripe-signature"]))
        return 200

    stripe.notify(shop)
    stripe.webhook_secrets(["whsec_new", DEFAULT_SECRET])
    stripe.webhooks(WebhookPlan(copies=2))
    paid(stripe, api)
    assert stripe.deliver() == 4
    for body, header in got:
        for secret in ("whsec_new", DEFAULT_SECRET):
            event = stripe_sdk.Webhook.construct_event(body, header, secret)
            assert event.api_version == "2026-05-27.dahlia"
        with pytest.raises(stripe_sdk.SignatureVerificationError):
            stripe_sdk.Webhook.construct_event(body, header, "whsec_other")


def test_a_spoilt_answer_says_so_to_those_who_check_contracts() -> None:
    assert SPOILT == DELIBERATE


class Shop(ProviderApp):
    """Takes notifications over HTTP, and refuses the first."""

    def __init__(self, books: ProviderBooks) -> None:
        self.books = books
        self.got: list[str] = []
        self.enough = threading.Event()

    def call_of(self, request: Request) -> None:
        return None

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        self.got.append(json.loads(request.body)["type"])
        if len(self.got) == 3:
            self.enough.set()
        return Reply(status=500 if len(self.got) == 1 else 204)


def test_a_stripe_of_its_own_process_pushes_its_news_until_they_are_taken(
    tmp_path: Path, stripe_contract: Contract
) -> None:
    books = ProviderBooks(tmp_path / "shop.sqlite")
    shop = Shop(books)
    server = ProviderServer(shop)
    stripe = StripeSimulator(
        tmp_path / "pushing.sqlite", own_process=True, pushes=True, webhook_url=f"{server.url}/webhooks"
    )
    api = StripeApi(stripe.url, stripe_contract)
    paid(stripe, api)
    assert shop.enough.wait(30)
    assert sorted(shop.got[1:]) == ["checkout.session.completed", "payment_intent.succeeded"]
    api.close()
    stripe.close()
    server.close()
    books.close()


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[StripeSimulator]:
    """Stripe in a process of its own."""
    simulator = StripeSimulator(tmp_path / "apart.sqlite", own_process=True)
    yield simulator
    simulator.close()


def test_killed_stripe_goes_on_where_it_was(apart: StripeSimulator, stripe_contract: Contract) -> None:
    api = StripeApi(apart.url, stripe_contract)
    apart.plan(Call.OPEN, 3, WireFault.DROP_AFTER)
    form = checkout(apart.books.now())
    first = api.post(SESSIONS, key="first", **form)
    apart.kill()
    with pytest.raises(httpx.ConnectError):
        api.post(SESSIONS, key="first", **form)
    apart.pay(done(first)["id"])
    apart.start()
    again = api.post(SESSIONS, key="first", **form)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(SESSIONS, key="second", **form)
    assert look(api, done(first)["id"])["payment_status"] == "paid"
    assert sessions(api) == 2
    apart.close_door()
    with pytest.raises(httpx.ConnectError):
        api.get(SESSIONS)
    apart.close_door(False)
    assert sessions(api) == 2
    api.close()


def test_kill_at_any_moment_leaves_whole_entries(apart: StripeSimulator, stripe_contract: Contract) -> None:
    api = StripeApi(apart.url, stripe_contract)
    charge = paid(apart, api)

    def refund(key: str) -> str | None:
        try:
            return str(done(api.post("/v1/refunds", key=key, charge=charge, amount=10))["id"])
        except httpx.TransportError:
            return None

    keys = [str(uuid4()) for _ in range(40)]
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(refund, key) for key in keys]
        answers[10].result()
        apart.kill()
    told = {key: answer.result() for key, answer in zip(keys, answers, strict=True)}
    assert None in told.values()
    apart.start()
    after = {key: refund(key) for key in keys}
    assert all(after[key] == ref for key, ref in told.items() if ref)
    made = {each["id"] for each in done(api.get("/v1/refunds", limit=100))["data"]}
    assert made == set(after.values())
    assert [line.amount.minor for line in apart.ledger()[1:]] == [-10] * 40
    api.close()
