"""Delivering webhooks: signed anew each time, until the shop has them, and not once more."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from printapic.adapters.payments.simulated.books import BooksUnavailable
from printapic.adapters.payments.simulated.checkout import Choice, DeskOrder, WebhookTiming
from printapic.adapters.payments.simulated.outgoing import LEASE, MOST_TRIES, pause_after
from printapic.adapters.payments.simulated.webhooks import (
    HEADER,
    SimulatedWebhookVerifier,
    WebhookDeliverer,
)
from printapic.application.ports.payments import Notification, RawDelivery
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import RefundState
from tests.unit.adapters.payments.counter import PRICE, Counter, new_key, value_of

SECRET = "between the two of us"
SECOND = timedelta(seconds=1)


class Shop:
    """A real HTTP server that takes webhooks, or answers what it was told to."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}/v1/webhooks/simulated"
        self.answers: list[int] = []
        self.deliveries: list[tuple[bytes, dict[str, str]]] = []
        self.heard = threading.Condition()

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        with self.heard:
            self.deliveries.append((body, headers))
            self.heard.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def notifications(self, counter: Counter) -> list[Notification]:
        verifier = SimulatedWebhookVerifier([SECRET])
        at = counter.clock.now()
        return [
            verifier.verify(RawDelivery(body=body, headers=headers, received_at=at))
            for body, headers in self.deliveries
        ]

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.deliveries]

    def wait_for(self, number: int) -> None:
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.deliveries) >= number, timeout=30)


@pytest.fixture
def shop() -> Iterator[Shop]:
    class Handler(BaseHTTPRequestHandler):
        owner: ClassVar[Shop]

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = self.owner.receive(body, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """Only a sender that follows redirects comes here."""
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.owner = shop = Shop(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield shop
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def delivering(counter: Counter, url: str) -> Iterator[WebhookDeliverer]:
    deliverer = WebhookDeliverer(counter.books, url=url, secret=SECRET)
    yield deliverer
    deliverer.close()


def test_the_shop_hears_which_checkout_was_paid_and_no_amount(shop: Shop) -> None:
    counter = Counter()
    opened = counter.paid()
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 1
        assert deliverer.deliver_due() == 0
    (notification,) = shop.notifications(counter)
    assert (notification.type, notification.ref) == ("checkout.completed", opened.ref)
    assert notification.livemode is False
    ((body, headers),) = shop.deliveries
    assert headers["content-type"] == "application/json"
    assert json.loads(body).keys() == {"id", "object", "type", "livemode", "created", "data"}
    assert b"1290" not in body
    assert b"12.90" not in body


def test_every_step_is_announced_in_its_words(shop: Shop) -> None:
    counter = Counter(refunds_pend=True)
    for choice in (Choice.DECLINE, Choice.CANCEL, Choice.PENDING):
        counter.press(counter.opened(), choice)
    counter.gateway.void(ref=counter.opened().ref, key=new_key())
    (capture,) = counter.look(counter.paid()).captures
    five = Money.of("5.00", "EUR")
    counter.gateway.refund(capture_ref=capture.ref, amount=five, reason="requested", key=new_key())
    fact = counter.dashboard.refund(capture.ref, PRICE - five)
    counter.dashboard.decide_refund(fact.ref, RefundState.FAILED)
    counter.opened()
    counter.clock.advance(timedelta(hours=2))
    with delivering(counter, shop.url) as deliverer:
        deliverer.deliver_due()
    assert shop.types() == [
        "checkout.failed",
        "checkout.voided",
        "checkout.processing",
        "checkout.voided",
        "checkout.completed",
        "refund.pending",
        "refund.succeeded",
        "refund.failed",
        "checkout.expired",
    ]


def test_w3_twice_is_the_same_event_two_times(shop: Shop) -> None:
    counter = Counter()
    counter.paid(DeskOrder(webhook=WebhookTiming.TWICE))
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 2
    first, second = shop.notifications(counter)
    assert first == second


def test_w6_never_is_never(shop: Shop) -> None:
    counter = Counter()
    counter.paid(DeskOrder(webhook=WebhookTiming.NEVER))
    counter.clock.advance(timedelta(days=3))
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 0
    assert shop.deliveries == []


def test_a_late_webhook_waits_for_its_time_and_is_signed_then(shop: Shop) -> None:
    counter = Counter()
    counter.paid(DeskOrder(webhook=WebhookTiming.LATE, late_by=timedelta(hours=2)))
    with delivering(counter, shop.url) as deliverer:
        counter.clock.advance(timedelta(hours=2) - SECOND)
        assert deliverer.deliver_due() == 0
        counter.clock.advance(SECOND)
        assert deliverer.deliver_due() == 1
    (notification,) = shop.notifications(counter)
    assert notification.occurred_at == counter.clock.now() - timedelta(hours=2)


@pytest.mark.parametrize("status", [302, 400, 404, 413, 500, 503])
def test_what_the_shop_does_not_take_is_sent_again_with_growing_pauses(shop: Shop, status: int) -> None:
    counter = Counter()
    counter.paid()
    shop.answers = [status, status]
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 0
        assert deliverer.deliver_due() == 0
        counter.clock.advance(SECOND)
        assert deliverer.deliver_due() == 0
        counter.clock.advance(SECOND)
        assert deliverer.deliver_due() == 0
        counter.clock.advance(SECOND)
        assert deliverer.deliver_due() == 1
        counter.clock.advance(timedelta(days=1))
        assert deliverer.deliver_due() == 0
    assert len(shop.deliveries) == 3
    assert len({body for body, _ in shop.deliveries}) == 1
    assert len({headers[HEADER] for _, headers in shop.deliveries}) == 3


def test_a_shop_that_is_down_gets_everything_when_it_is_back(shop: Shop) -> None:
    counter = Counter()
    for _ in range(3):
        counter.paid()
    with delivering(counter, "http://127.0.0.1:1/nobody") as deliverer:
        assert deliverer.deliver_due() == 0
    counter.clock.advance(SECOND)
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 3


def test_pauses_double_up_to_an_hour_and_end_after_days() -> None:
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 12, 13, 1000)] == [1, 2, 4, 2048, 3600, 3600]
    total = sum((pause_after(n) for n in range(1, MOST_TRIES)), timedelta(0))
    assert timedelta(days=2) < total < timedelta(days=4)


def test_a_shop_that_never_answers_is_given_up_in_the_end(shop: Shop) -> None:
    counter = Counter()
    counter.paid()
    shop.answers = [500] * (MOST_TRIES + 1)
    with delivering(counter, shop.url) as deliverer:
        for _ in range(MOST_TRIES + 5):
            deliverer.deliver_due()
            counter.clock.advance(timedelta(hours=1))
    assert len(shop.deliveries) == MOST_TRIES


def test_w3_ten_senders_at_once_deliver_each_once(shop: Shop) -> None:
    counter = Counter()
    for _ in range(20):
        counter.paid()
    with delivering(counter, shop.url) as deliverer, ThreadPoolExecutor(10) as threads:
        taken = sum(threads.map(lambda _: deliverer.deliver_due(), range(10)))
    assert taken == 20
    assert len({body for body, _ in shop.deliveries}) == len(shop.deliveries) == 20


def test_what_a_dead_sender_held_is_sent_by_another_after_its_lease(shop: Shop) -> None:
    counter = Counter()
    counter.paid()
    with counter.books.entry() as entry:
        assert entry.outgoing.claim() is not None
        assert entry.outgoing.next_due() == counter.clock.now() + LEASE
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 0
        counter.clock.advance(LEASE)
        assert deliverer.deliver_due() == 1


def test_a_sender_that_comes_late_disturbs_neither_the_next_one_nor_what_it_delivered(shop: Shop) -> None:
    counter = Counter()
    counter.paid()
    with counter.books.entry() as entry:
        slow = entry.outgoing.claim()
        assert slow is not None
    counter.clock.advance(LEASE)
    with counter.books.entry() as entry:
        assert entry.outgoing.claim() is not None
        entry.outgoing.failed(slow)
    counter.clock.advance(LEASE - SECOND)
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due() == 0
        counter.clock.advance(SECOND)
        assert deliverer.deliver_due() == 1
        with counter.books.entry() as entry:
            entry.outgoing.failed(slow)
        counter.clock.advance(timedelta(days=1))
        assert deliverer.deliver_due() == 0


def test_a_stopped_sender_leaves_the_rest(shop: Shop) -> None:
    counter = Counter()
    counter.paid()
    stop = threading.Event()
    stop.set()
    with delivering(counter, shop.url) as deliverer:
        assert deliverer.deliver_due(stop) == 0
        assert deliverer.deliver_due() == 1


def test_a_running_sender_delivers_what_comes_and_stops_when_told(shop: Shop) -> None:
    counter = Counter()
    counter.paid()
    stop = threading.Event()
    with delivering(counter, shop.url) as deliverer:
        thread = threading.Thread(target=deliverer.run, args=(stop,))
        thread.start()
        shop.wait_for(1)
        counter.paid(DeskOrder(webhook=WebhookTiming.LATE))
        counter.paid()
        shop.wait_for(2)
        counter.clock.advance(timedelta(seconds=10))
        shop.wait_for(3)
        stop.set()
        deliverer.wake()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_running_sender_outlives_books_that_fail(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter()
    counter.books.close()
    stop = threading.Event()
    with delivering(counter, shop.url) as deliverer:
        with pytest.raises(BooksUnavailable):
            deliverer.deliver_due()
        thread = threading.Thread(target=deliverer.run, args=(stop,))
        thread.start()
        deadline = time.monotonic() + 30
        while not caplog.records and time.monotonic() < deadline:
            thread.join(timeout=0.01)
        assert caplog.records
        assert thread.is_alive()
        stop.set()
        deliverer.wake()
        thread.join(timeout=30)
    assert SECRET not in caplog.text


def test_s1_a_verifier_needs_secrets_and_shows_none() -> None:
    for secrets in ([], [""], [SECRET, ""]):
        with pytest.raises(ValueError, match="secret"):
            SimulatedWebhookVerifier(secrets)
    counter = Counter()
    with delivering(counter, "http://127.0.0.1:1/") as deliverer:
        assert SECRET not in repr(deliverer) + repr(SimulatedWebhookVerifier([SECRET]))


def test_w5_the_webhook_of_a_page_is_due_before_its_press_returns(shop: Shop) -> None:
    counter = Counter()
    assert not counter.books.news.is_set()
    opened = counter.opened()
    assert not counter.books.news.is_set()
    counter.press(opened, Choice.PAY)
    assert counter.books.news.is_set()
    assert value_of(counter.gateway.fetch(ref=opened.ref)).captures
