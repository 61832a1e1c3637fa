"""A provider that answers drop by drop, on a real wire: no single read is slow, and all of them are."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

import httpx
import pytest

from printapic.adapters.payments.deadline import done_within
from printapic.adapters.payments.sending import FateUnknown, Sender, provider_client

DROPS = 30
"""Enough to take longer than the budget; an answer that is waited for to its end is a good one."""


class Drip:
    """Answers every request with `begin`, then `drop` again and again, then `end`."""

    def __init__(self, begin: bytes, drop: bytes, end: bytes) -> None:
        self._begin, self._drop, self._end = begin, drop, end
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._closing = Event()
        self._thread = Thread(target=self._serve)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def _serve(self) -> None:
        while not self._closing.is_set():
            with suppress(OSError):
                connection, _ = self._listening.accept()
                with connection:
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(self._begin)
        for _ in range(DROPS):
            if self._closing.wait(0.05):
                return
            connection.sendall(self._drop)
        connection.sendall(self._end)

    def close(self) -> None:
        self._closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


SLOW = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x-drop: 1\r\n", b"content-length: 0\r\n\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nx-drop: ", b"1", b"\r\ncontent-length: 0\r\n\r\n"),
    "early hints": (
        b"",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ),
    "body": (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % DROPS, b".", b""),
}


@pytest.fixture(params=SLOW.values(), ids=list(SLOW))
def drip(request: pytest.FixtureRequest) -> Iterator[Drip]:
    drip = Drip(*request.param)
    yield drip
    drip.close()


def test_u2_an_answer_that_drips_ends_with_the_budget_and_its_fate_is_unknown(drip: Drip) -> None:
    with provider_client() as client:
        sender = Sender(client=client, busy=lambda _: False, request_id_header="request-id", budget_s=0.8)
        with pytest.raises(FateUnknown):
            sender.send(client.build_request("POST", drip.url))


def test_without_a_deadline_it_is_waited_for(drip: Drip) -> None:
    """So that it is the deadline that ends it above, and not the answer that is none."""
    with provider_client() as client:
        assert client.get(drip.url).status_code == 200


def test_what_is_over_is_not_even_begun(drip: Drip) -> None:
    with provider_client() as client, done_within(0), pytest.raises(httpx.WriteTimeout):
        client.get(drip.url)
