"""What is written down of requests: enough to see what the shop does, and nothing of the people."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from structlog.testing import LogCapture

from tests.integration.http.live_shop import LiveShop, Person, wait_until

FIELDS = {"event", "log_level", "method", "route", "status", "duration_ms", "request_id"}


def lines(log: LogCapture, count: int) -> list[dict[str, Any]]:
    """The access log, once it has so many lines: they are written after the answer."""

    def found() -> list[dict[str, Any]]:
        return [dict(entry) for entry in log.entries if entry["event"] == "request"]

    wait_until(lambda: len(found()) >= count)
    assert len(found()) == count
    return found()


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/v1/products/print-9x13-glossy?secret=1", "/v1/products/{sku}", 200),
        ("HEAD", "/v1/products/print-9x13-glossy", "/v1/products/{sku}", 200),
        ("GET", "/v1/orders/01a20000-0000-7000-8000-000000000000", "/v1/orders/{order_id}", 401),
        ("POST", "/v1/quotes", "/v1/quotes", 400),
        ("GET", "/health/ready", None, 200),
    ],
)
def test_a_line_names_the_route_and_not_the_path(
    shop: LiveShop, log: LogCapture, method: str, path: str, route: str | None, status: int
) -> None:
    answer = shop.client.request(method, path)
    assert answer.status_code == status
    shop.client.get("/v1/nothing-like-it?secret=1")
    written = lines(log, 1 if route is None else 2)
    assert all(set(line) == FIELDS for line in written)
    assert "secret" not in str(written)
    assert "nothing-like-it" not in str(written)
    assert written[-1]["status"] == 404
    if route is not None:
        line = written[0]
        assert (line["method"], line["route"], line["status"]) == (method, route, status)
        assert line["request_id"] == answer.headers["x-request-id"]
        assert UUID(line["request_id"]).version == 7
        assert line["duration_ms"] > 0


def test_a_line_tells_nothing_of_whoever_asked(shop: LiveShop, anna: Person, log: LogCapture) -> None:
    log.entries.clear()
    token = anna.headers["Authorization"].split()[1]
    shop.call(
        "GET", f"/v1/users/{anna.id}", anna, headers={"User-Agent": "canary-agent", "Cookie": "canary=1"}
    )
    shop.client.post("/v1/sessions", json={"email": anna.email, "password": "canary password here"})
    text = str(lines(log, 2))
    for canary in (token, anna.email, str(anna.id), "canary", "127.0.0.1"):
        assert canary not in text


def test_who_leaves_before_the_answer_leaves_a_line_too(shop: LiveShop, log: LogCapture) -> None:
    address = urlsplit(shop.url)
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        head = ("POST /v1/quotes HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: 99")
        connection.sendall("\r\n".join((*head, "", "")).encode())
    assert lines(log, 1)[0]["route"] == "/v1/quotes"
