"""PayPal's signing certificates: fetched from the address that a notification names, and kept for a day."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta

import attrs
import httpx
from cryptography import x509

from printapic.adapters.payments.deadline import done_within
from printapic.adapters.payments.paypal.trust import ChainOfTrust

LONGEST_ANSWER = 64 * 1024
PATIENCE_S = 5.0
KEPT_FOR = timedelta(hours=24)
FAILURE_KEPT_FOR = timedelta(seconds=30)
MOST_KEPT = 64
MOST_DOWNLOADS = 4
MOST_WAITING = 16
MOST_IN_CHAIN = 10
Chain = tuple[x509.Certificate, ...]


class CertificateUnavailable(Exception):
    """The certificate could not be fetched, now or half a minute ago."""


@attrs.frozen
class _Kept:
    """What an address gave: a chain, or None for a failure."""

    chain: Chain | None
    until: datetime


class CertificateStore:
    """Fetches each certificate once, however many ask for it at the same time. Thread-safe.

    `client` must verify servers and follow no redirects. Whoever sends us notifications can name any
    certificate that PayPal might have, so at most `MOST_DOWNLOADS` are fetched at a time, at most
    `MOST_WAITING` callers wait for them, failures are remembered for half a minute, and no number of
    failures pushes a good certificate out.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        roots: Iterable[x509.Certificate] | None = None,
        intermediates: Iterable[x509.Certificate] = (),
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._clock_s = clock_s
        self._trust = ChainOfTrust(roots=roots, intermediates=intermediates)
        self._lock = threading.Lock()
        self._waiting = 0
        self._flights: dict[str, Future[Chain | None]] = {}
        self._good: OrderedDict[str, _Kept] = OrderedDict()
        self._failed: OrderedDict[str, _Kept] = OrderedDict()

    def chain(self, url: str, *, at: datetime) -> Chain:
        """The signing certificate, and whatever was sent behind it. Raises `CertificateUnavailable`.

        `url` must have been checked: it is asked as it stands.
        """
        with self._lock:
            kept = self._kept(url, at)
            if kept is not None:
                return _or_raise(kept.chain)
            flight, leads = self._board(url)
            self._waiting += 1
        try:
            if leads:
                self._fly(flight, url, at)
            return _or_raise(flight.result(timeout=2 * PATIENCE_S))
        except TimeoutError:
            raise CertificateUnavailable from None
        finally:
            with self._lock:
                self._waiting -= 1

    def vouches(self, chain: Sequence[x509.Certificate], *, name: str, at: datetime) -> bool:
        """Whether the chain leads to a root that we believe."""
        return self._trust.reaches_root(chain, name=name, at=at)

    def _kept(self, url: str, at: datetime) -> _Kept | None:
        for shelf in (self._good, self._failed):
            kept = shelf.get(url)
            if kept is not None and at < kept.until:
                return kept
        return None

    def _board(self, url: str) -> tuple[Future[Chain | None], bool]:
        """The download of this address that is under way, or a new one and True. Raises where it is full."""
        flight = self._flights.get(url)
        if self._waiting >= MOST_WAITING or (flight is None and len(self._flights) >= MOST_DOWNLOADS):
            raise CertificateUnavailable
        if flight is not None:
            return flight, False
        flight = self._flights[url] = Future()
        return flight, True

    def _fly(self, flight: Future[Chain | None], url: str, at: datetime) -> None:
        chain: Chain | None = None
        try:
            # Whatever breaks, on the way or in the certificate: there is none.
            with suppress(Exception):
                chain = _read(self._download(url))
        finally:
            with self._lock:
                self._keep(url, chain, at)
                del self._flights[url]
            flight.set_result(chain)

    def _keep(self, url: str, chain: Chain | None, at: datetime) -> None:
        shelf, until = self._failed, at + FAILURE_KEPT_FOR
        if chain is not None:
            self._failed.pop(url, None)
            # One that has expired is not asked for with every delivery either.
            until = max(until, min(at + KEPT_FOR, chain[0].not_valid_after_utc))
            shelf = self._good
        shelf[url] = _Kept(chain, until)
        shelf.move_to_end(url)
        if len(shelf) > MOST_KEPT:
            shelf.popitem(last=False)

    def _download(self, url: str) -> bytes | None:
        """At most `LONGEST_ANSWER` bytes of a plain 200; None for everything else."""
        ends_at = self._clock_s() + PATIENCE_S
        # What unpacks itself could be of any size.
        plain = {"accept-encoding": "identity"}
        with (
            done_within(PATIENCE_S),
            self._client.stream(
                "GET", url, headers=plain, timeout=PATIENCE_S, follow_redirects=False
            ) as answer,
        ):
            if answer.status_code != 200 or "content-encoding" in answer.headers:
                return None
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > LONGEST_ANSWER or self._clock_s() > ends_at:
                    return None
            return bytes(content)


def _or_raise(chain: Chain | None) -> Chain:
    if chain is None:
        raise CertificateUnavailable
    return chain


def _read(answer: bytes | None) -> Chain | None:
    """Raises `ValueError` for what is no list of certificates."""
    if answer is None:
        return None
    chain = tuple(x509.load_pem_x509_certificates(answer))
    return chain if len(chain) <= MOST_IN_CHAIN else None
