"""Fetching PayPal's certificates: once for everybody, for a day at most, and never for long (W10)."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice
from pathlib import Path

import httpx
import pytest

from printapic.adapters.payments.paypal.certificates import (
    FAILURE_KEPT_FOR,
    KEPT_FOR,
    LONGEST_ANSWER,
    MOST_DOWNLOADS,
    MOST_KEPT,
    MOST_WAITING,
    PATIENCE_S,
    CertificateStore,
    CertificateUnavailable,
)
from printapic.adapters.payments.paypal.trust import read_bundle, well_known_roots
from tests.unit.adapters.payments.paypal.authority import NOON, URL, YEAR, pem
from tests.unit.adapters.payments.paypal.recipient import certificate, intermediate, root

Answer = Callable[[httpx.Request], httpx.Response]


class Host:
    """PayPal's host of certificates, which answers as it is told."""

    def __init__(self, *answers: Answer | httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.time_s = 0.0
        client = httpx.Client(transport=httpx.MockTransport(self._answer), trust_env=False)
        self.store = CertificateStore(client, roots=[root().certificate], clock_s=lambda: self.time_s)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def fails(self, url: str = URL, *, after: timedelta = timedelta(0)) -> bool:
        with pytest.raises(CertificateUnavailable):
            self.store.chain(url, at=NOON + after)
        return True


def good(*, padding: bytes = b"") -> Answer:
    return lambda _: httpx.Response(200, content=pem(certificate(), intermediate().certificate) + padding)


def raising(error: type[Exception]) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error("broken")

    return answer


def test_a_certificate_comes_with_what_is_sent_behind_it() -> None:
    host = Host(good())
    assert host.store.chain(URL, at=NOON) == (certificate(), intermediate().certificate)
    (request,) = host.requests
    assert (request.method, str(request.url)) == ("GET", URL)
    assert set(request.extensions["timeout"].values()) == {PATIENCE_S}


def test_a_certificate_is_kept_for_a_day() -> None:
    host = Host(good())
    for after in (timedelta(0), KEPT_FOR - timedelta(seconds=1), timedelta(seconds=-10)):
        host.store.chain(URL, at=NOON + after)
    assert len(host.requests) == 1
    host.store.chain(URL, at=NOON + KEPT_FOR)
    assert len(host.requests) == 2


def test_a_certificate_is_not_kept_beyond_its_own_end() -> None:
    short = intermediate().issue(until=NOON + timedelta(hours=1))
    host = Host(httpx.Response(200, content=pem(short)), good())
    assert host.store.chain(URL, at=NOON) == (short,)
    assert host.store.chain(URL, at=NOON + timedelta(minutes=59)) == (short,)
    assert host.store.chain(URL, at=NOON + timedelta(hours=1))[0] == certificate()


def test_an_expired_certificate_is_not_fetched_with_every_delivery() -> None:
    expired = intermediate().issue(until=NOON - timedelta(days=1))
    host = Host(lambda _: httpx.Response(200, content=pem(expired)))
    for second in range(30):
        host.store.chain(URL, at=NOON + timedelta(seconds=second))
    assert len(host.requests) == 1


FAILURES: dict[str, Answer] = {
    "refused": raising(httpx.ConnectError),
    "too-slow": raising(httpx.ReadTimeout),
    "cut-off": raising(httpx.RemoteProtocolError),
    "a-bug-of-a-library": raising(RuntimeError),
    "not-found": lambda _: httpx.Response(404, content=pem(certificate())),
    "broken": lambda _: httpx.Response(500, content=pem(certificate())),
    "another-success": lambda _: httpx.Response(203, content=pem(certificate())),
    "redirect": lambda _: httpx.Response(302, headers={"location": URL + "2"}, content=pem(certificate())),
    "permanent-redirect": lambda _: httpx.Response(308, headers={"location": URL + "2"}),
    "empty": lambda _: httpx.Response(200),
    "no-certificate": lambda _: httpx.Response(200, content=b"<html>Sign in</html>"),
    "half-a-certificate": lambda _: httpx.Response(200, content=pem(certificate())[:700]),
    "not-base64": lambda _: httpx.Response(200, content=pem(certificate()).replace(b"MII", b"!!!")),
    "another-pem": lambda _: httpx.Response(200, content=pem(certificate()).replace(b"CERTIFICATE", b"CRL")),
    "too-long": good(padding=b"\n" * LONGEST_ANSWER),
    "too-many": lambda _: httpx.Response(200, content=pem(*[certificate()] * 11)),
    "packed": lambda _: httpx.Response(
        200, headers={"content-encoding": "gzip"}, content=gzip.compress(pem(certificate()))
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_remembered_for_half_a_minute(failure: str) -> None:
    host = Host(FAILURES[failure], good())
    assert host.fails()
    assert host.fails(after=FAILURE_KEPT_FOR - timedelta(seconds=1))
    assert len(host.requests) == 1
    assert host.store.chain(URL, at=NOON + FAILURE_KEPT_FOR)[0] == certificate()
    assert host.store.chain(URL, at=NOON)


def test_an_answer_without_end_is_not_read_to_it() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1024

    host = Host(lambda _: httpx.Response(200, content=endless()))
    assert host.fails()
    assert read <= 65


def test_an_answer_that_trickles_is_not_waited_for() -> None:
    def trickle() -> Iterator[bytes]:
        for byte in pem(certificate()):
            host.time_s += 1
            yield bytes([byte])

    host = Host(lambda _: httpx.Response(200, content=trickle()))
    assert host.fails()
    assert host.time_s <= PATIENCE_S + 1


def test_however_many_ask_at_once_it_is_fetched_once() -> None:
    arrived, go = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        arrived.set()
        assert go.wait(10)
        return good()(request)

    host = Host(slow)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(host.store.chain, URL, at=NOON) for _ in range(8)]
        assert arrived.wait(10)
        go.set()
        assert {each.result(10)[0] for each in asked} == {certificate()}
    assert len(host.requests) == 1


def test_only_so_many_are_fetched_at_the_same_time() -> None:
    """Anybody can send us names of certificates that PayPal does not have: they must not use up all."""
    all_in, go = threading.Barrier(MOST_DOWNLOADS + 1), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        all_in.wait(10)
        assert go.wait(10)
        return httpx.Response(404)

    host = Host(slow)
    with ThreadPoolExecutor(MOST_DOWNLOADS) as threads:
        busy = [threads.submit(host.fails, f"{URL}{number}") for number in range(MOST_DOWNLOADS)]
        all_in.wait(10)
        assert host.fails(URL)
        go.set()
        assert all(each.result(10) for each in busy)
    host.answers = [good()]
    assert host.store.chain(URL, at=NOON), "turning somebody away is no failure to remember"


def test_only_so_many_wait_for_a_certificate_that_does_not_come() -> None:
    """Each of them keeps a thread of the shop's from other work."""
    arrived, go = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        arrived.set()
        assert go.wait(10)
        return good()(request)

    host = Host(slow)
    with ThreadPoolExecutor(MOST_WAITING + 4) as threads:
        first = threads.submit(host.store.chain, URL, at=NOON)
        assert arrived.wait(10)
        others = [threads.submit(host.store.chain, URL, at=NOON) for _ in range(MOST_WAITING + 3)]
        turned_away = list(islice(as_completed(others, 10), 4))
        go.set()
        assert all(isinstance(each.exception(10), CertificateUnavailable) for each in turned_away)
        assert first.result(10)[0] == certificate()
    assert [each for each in others if each.exception()] == [each for each in others if each in turned_away]
    assert host.store.chain(URL, at=NOON)
    assert len(host.requests) == 1


def test_whoever_is_stopped_half_way_leaves_nothing_locked() -> None:
    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    host = Host(interrupted, good())
    with pytest.raises(KeyboardInterrupt):
        host.store.chain(URL, at=NOON)
    assert host.fails()
    assert host.store.chain(URL, at=NOON + FAILURE_KEPT_FOR)


def test_no_number_of_failures_pushes_a_good_certificate_out() -> None:
    host = Host(good(), httpx.Response(404))
    host.store.chain(URL, at=NOON)
    for number in range(3 * MOST_KEPT):
        assert host.fails(f"{URL}{number}")
    asked = len(host.requests)
    assert host.store.chain(URL, at=NOON)
    assert len(host.requests) == asked
    assert len(host.store._failed) == MOST_KEPT


def test_the_oldest_certificate_makes_room() -> None:
    host = Host(good())
    for number in range(MOST_KEPT + 1):
        host.store.chain(f"{URL}{number}", at=NOON)
    host.store.chain(f"{URL}{MOST_KEPT}", at=NOON)
    assert len(host.requests) == MOST_KEPT + 1
    host.store.chain(f"{URL}0", at=NOON)
    assert len(host.requests) == MOST_KEPT + 2


def test_roots_and_bundles_are_read_from_their_files(tmp_path: Path) -> None:
    assert len(well_known_roots()) > 100
    bundle = tmp_path / "intermediates.pem"
    bundle.write_bytes(b"DigiCert\n" + pem(intermediate().certificate, root().certificate))
    assert read_bundle(bundle) == (intermediate().certificate, root().certificate)
    bundle.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="PEM"):
        read_bundle(bundle)
    with pytest.raises(FileNotFoundError):
        read_bundle(tmp_path / "missing.pem")


def test_a_certificate_is_trusted_for_its_time_and_name_alone() -> None:
    store = Host(good()).store
    chain = (certificate(), intermediate().certificate)
    name = "messageverificationcerts.paypal.com"
    assert store.vouches(chain, name=name, at=NOON)
    assert not store.vouches(chain, name="api.paypal.com", at=NOON)
    assert not store.vouches(chain, name=name, at=NOON + 2 * YEAR)
    assert not store.vouches(chain[:1], name=name, at=NOON)
