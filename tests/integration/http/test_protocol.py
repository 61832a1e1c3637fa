"""What arrives on a raw socket: bad HTTP, odd bytes, and senders who take their time."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.integration.http.live_shop import LiveShop, Person, resident_bytes, spooled, wait_until

ONE_REQUEST = "Host: shop\r\nConnection: close\r\n"


@contextmanager
def connected(shop: LiveShop) -> Iterator[socket.socket]:
    address = urlsplit(shop.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as connection:
        yield connection


def answers(shop: LiveShop, sent: bytes, *, half_close: bool = False) -> bytes:
    """Everything that comes back until the server closes."""
    with connected(shop) as connection:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def status(answer: bytes) -> int:
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert match, answer[:200]
    return int(match[1])


def get(path: str, *headers: str) -> bytes:
    more = "".join(f"{header}\r\n" for header in headers)
    return f"GET {path} HTTP/1.1\r\n{ONE_REQUEST}{more}\r\n".encode("latin-1")


def post(path: str, *headers: str) -> bytes:
    more = "".join(f"{header}\r\n" for header in headers)
    return f"POST {path} HTTP/1.1\r\n{ONE_REQUEST}{more}\r\n".encode("latin-1")


JSON = "Content-Type: application/json"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"BREW /v1/products HTTP/1.1\r\n\r\n",
        get("/v1/products/\xff"),
        get("/v1/products", "Content-Length: -1"),
        get("/v1/products", "Content-Length: 5", "Content-Length: 6"),
        get("/v1/products", "Content-Length: 5", "Transfer-Encoding: chunked"),
        get("/v1/products", "Name with blanks: x"),
        get("/v1/products", ": x"),
        get("/v1/products", "X: a\0b"),
        get("/" + "a" * 70_000),
        b"POST /v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_refused_by_the_server_itself(shop: LiveShop, sent: bytes) -> None:
    answer = answers(shop, sent)
    assert status(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "http-malformed"
    assert shop.client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("request_line", "headers", "expected"),
    [
        ("/v1/products?%ff=%ff&limit=5", (), 200),
        ("/v1/products?&&==&%", (), 200),
        ("/v1/products?" + "a=1&" * 5000, (), 200),
        ("//v1//products//", (), 200),
        ("http://elsewhere.example/v1/products", (), 200),
        ("/v1/../../../etc/passwd", (), 404),
        ("/v1/products/..%2f..%2fetc%2fpasswd", (), 404),
        ("/v1/products;x=1", (), 404),
        ("*", (), 404),
        ("/v1/products", ("Host: other",), 200),
        ("/v1/products", ("X-Odd: \xff\xfe",), 200),
        ("/v1/products", ("If-None-Match: \xff",), 200),
        ("/v1/products", ("Cookie: \xff=\xff; a; =",), 200),
        ("/v1/products", ("Range: bytes=0-1",), 200),
        ("/v1/products", ("Accept: \x80",), 200),
        ("/v1/products", ("X-Long: " + "x" * 60_000,), 200),
        ("/v1/products", ("Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"), 200),
        ("/v1/users/me", ("Authorization: Bearer \xff",), 401),
    ],
)
def test_what_is_odd_but_http_gets_a_sober_answer(
    shop: LiveShop, request_line: str, headers: tuple[str, ...], expected: int
) -> None:
    assert status(answers(shop, get(request_line, *headers))) == expected


def test_a_header_that_never_ends_is_cut_off_and_not_kept(shop: LiveShop) -> None:
    before = resident_bytes()
    with connected(shop) as connection:
        connection.sendall(b"GET /v1/products HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"x" * 1_000_000)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = connection.recv(65_536)
    assert resident_bytes() - before < 20_000_000
    assert answer == b"" or status(answer) == 431


def test_headers_that_are_too_long_are_refused_as_a_problem(shop: LiveShop) -> None:
    answer = answers(shop, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 66_000)
    assert status(answer) == 431
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request-head-too-large"


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_client_that_does_not_finish_its_headers_is_let_go(
    shop: LiveShop, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.server.MAX_HEAD_S", 0.1)
    assert status(answers(shop, sent)) == 408


def test_a_slow_answer_and_a_second_request_are_not_taken_for_slow_headers(
    shop: LiveShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.server.MAX_HEAD_S", 0.1)
    with connected(shop) as connection:
        connection.sendall(post("/v1/quotes", JSON, "Content-Length: 2").replace(b"close", b"keep-alive"))
        time.sleep(0.3)
        connection.sendall(b"{}")
        assert status(connection.recv(65_536)) == 422
        connection.sendall(get("/health/live"))
        assert status(everything(connection)) == 200


def test_a_strange_host_is_refused_as_a_problem(shop: LiveShop) -> None:
    answer = answers(shop, b"GET /v1/products HTTP/1.1\r\nHost: a b<\r\nConnection: close\r\n\r\n")
    assert status(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request-malformed"


def test_pipelined_requests_are_answered_in_order(shop: LiveShop) -> None:
    two = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" + get("/nowhere")
    answer = answers(shop, two)
    assert [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)] == [200, 404]


def test_a_smuggled_request_is_not_seen(shop: LiveShop) -> None:
    body = b"GET /v1/users/me HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = answers(shop, post("/v1/users", JSON, f"Content-Length: {len(body)}") + body)
    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", answer) == [b"400"]


def test_a_client_that_leaves_in_the_middle_of_its_body_breaks_nothing(shop: LiveShop) -> None:
    answers(shop, post("/v1/users", JSON, "Content-Length: 100") + b'{"email"', half_close=True)
    assert shop.client.get("/health/live").status_code == 200


def test_a_chunked_body_is_read_like_any_other(shop: LiveShop) -> None:
    chunks = b'a\r\n{"email": \r\n11\r\n"a", "name": 7  }\r\n0\r\n\r\n'
    answer = answers(shop, post("/v1/users", JSON, "Transfer-Encoding: chunked") + chunks)
    assert status(answer) == 422
    assert b'"/name"' in answer


def test_a_large_body_that_nobody_wants_closes_the_connection(shop: LiveShop) -> None:
    with connected(shop) as connection:
        connection.sendall(b"POST /v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n")
        answer = everything(connection)
    assert status(answer) == 401
    assert b"connection: close" in answer.lower()


def test_an_upload_that_comes_too_slowly_is_given_up(
    shop: LiveShop, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printapic.entrypoints.http.uploads.WINDOW_S", 0.3)
    before = shop.traces()
    head = post(
        "/v1/images", f"Authorization: {anna.headers['Authorization']}", MULTIPART, "Content-Length: 1000000"
    )
    answer = answers(shop, head + b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nfirst bytes')
    assert status(answer) == 408
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "upload-too-slow"
    wait_until(lambda: spooled() == before["spooled"])
    assert shop.traces() == before
