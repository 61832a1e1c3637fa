"""The simulated provider's notifications: signed, verified, and delivered until the shop has them.

The scheme is the one that Stripe documents: a header `t=<seconds>,v1=<hex>[,v1=<hex>]`, where `v1` is
HMAC-SHA256 with a shared secret over `<seconds>.<raw body>`.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal

import httpx
import msgspec

from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.outgoing import Delivery
from printapic.application.ports.payments import Notification, RawDelivery, WebhookRejected, WebhookVerifier
from printapic.domain.payments.attempt import Provider

HEADER = "simulated-signature"
TOLERANCE = timedelta(seconds=300)
LONGEST_HEADER = 2_000
LONGEST_WAIT_S = 0.5
"""How long a sender rests at most: another process may have written something to deliver."""
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=99_999_999_999)]
_logger = logging.getLogger(__name__)


class _Object(msgspec.Struct):
    id: _Text


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct, kw_only=True):
    """The body. It names the checkout that something happened to, and no amount."""

    id: _Text
    object: Literal["event"] = "event"
    type: _Text
    livemode: bool
    created: _Seconds
    data: _Data


def signature(body: bytes, *, at: datetime, secrets: Sequence[str]) -> str:
    """The header for this body: one `v1` for each secret, so that secrets can be changed without a gap."""
    seconds = str(int(at.timestamp()))
    return ",".join([f"t={seconds}", *(f"v1={_digest(secret, seconds, body)}" for secret in secrets)])


def _digest(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


class SimulatedWebhookVerifier(WebhookVerifier):
    """Believes a delivery only if one of `secrets` signed these very bytes within `TOLERANCE` of now.

    Raises `ValueError` without a secret: everything would be believed to be forged.
    """

    provider: ClassVar[Provider] = Provider.SIMULATED

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a verifier needs at least one secret, and none may be empty")
        self._secrets = tuple(secrets)

    def verify(self, delivery: RawDelivery) -> Notification:
        seconds, candidates = _read_header(delivery.headers.get(HEADER, ""))
        # Every secret against every candidate, and no way out before the last: time tells nothing.
        matches = [
            hmac.compare_digest(_digest(secret, seconds, delivery.body).encode(), candidate)
            for secret in self._secrets
            for candidate in candidates
        ]
        age = abs(delivery.received_at.timestamp() - int(seconds))
        if not any(matches) or age > TOLERANCE.total_seconds():
            raise WebhookRejected
        event = _read_body(delivery.body)
        return Notification(
            provider=self.provider,
            livemode=event.livemode,
            event_id=event.id,
            type=event.type,
            ref=event.data.object.id,
            occurred_at=datetime.fromtimestamp(event.created, tz=UTC),
            body_sha256=hashlib.sha256(delivery.body).hexdigest(),
        )


def _read_header(header: str) -> tuple[str, list[bytes]]:
    """The time and the candidates, still untrusted. Raises `WebhookRejected`."""
    if len(header) > LONGEST_HEADER:
        raise WebhookRejected
    items = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in items if name == "t"]
    if len(times) != 1 or not _TIMESTAMP.fullmatch(times[0]):
        raise WebhookRejected
    return times[0], [value.encode(errors="replace") for name, _, value in items if name == "v1"]


def _read_body(body: bytes) -> _Event:
    """A genuine body may still be one that we cannot read. Raises `WebhookRejected`."""
    try:
        return msgspec.json.decode(body.decode(), type=_Event)
    except (ValueError, RecursionError):
        raise WebhookRejected from None


class WebhookDeliverer:
    """Sends what the books hold to the shop's `url`, until it answers 2xx.

    A delivery that fails is tried again after a second, two, four, up to every hour for three days. All
    of it stands in the books: a sender that dies loses nothing, another one goes on after its lease of
    30 seconds. Delivery is at least once, and in no promised order. Thread-safe. Raises
    `httpx.InvalidURL` for a `url` that is none.
    """

    def __init__(
        self,
        books: SimulatedBooks,
        *,
        url: str,
        secret: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._books = books
        self._url = httpx.URL(url)
        self._secret = secret
        self._client = httpx.Client(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(5, connect=2),
        )

    def deliver_due(self, stop: threading.Event | None = None) -> int:
        """Send everything that is due, once; how many the shop took. Raises `BooksUnavailable`."""
        taken = 0
        while not (stop and stop.is_set()) and (delivery := self._claim()):
            accepted = self._post(delivery)
            with self._books.entry() as entry:
                if accepted:
                    entry.outgoing.delivered(delivery)
                else:
                    _logger.warning("webhook %s was not taken, try %d", delivery.event_id, delivery.tries)
                    entry.outgoing.failed(delivery)
            taken += accepted
        return taken

    def run(self, stop: threading.Event) -> None:
        """Deliver whatever comes, until `stop` is set; `wake` afterwards ends it without delay."""
        while True:
            self._books.news.clear()
            if stop.is_set():
                return
            try:
                self.deliver_due(stop)
                pause = self._pause()
            except Exception:
                # The thread must outlive a full disk: what is due stays due in the books.
                _logger.exception("simulated webhooks could not be delivered")
                pause = LONGEST_WAIT_S
            self._books.news.wait(pause)

    def wake(self) -> None:
        """Let `run` look again now."""
        self._books.news.set()

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _claim(self) -> Delivery | None:
        with self._books.entry() as entry:
            return entry.outgoing.claim()

    def _pause(self) -> float:
        with self._books.entry() as entry:
            due = entry.outgoing.next_due()
            left = LONGEST_WAIT_S if due is None else (due - entry.now).total_seconds()
        return min(max(left, 0), LONGEST_WAIT_S)

    def _post(self, delivery: Delivery) -> bool:
        body = msgspec.json.encode(
            _Event(
                id=delivery.event_id,
                type=delivery.type,
                livemode=False,
                created=int(delivery.created_at.timestamp()),
                data=_Data(object=_Object(id=delivery.ref)),
            )
        )
        headers = {
            "content-type": "application/json",
            HEADER: signature(body, at=self._books.clock.now(), secrets=[self._secret]),
        }
        try:
            # The answer's body is nobody's business, and could be endless: it is not read.
            with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                return answer.is_success
        except httpx.HTTPError:
            return False
