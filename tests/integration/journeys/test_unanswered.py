"""A server dies when the work is done and the answer not yet stored: the next one finds what was done."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import httpx
import pytest
from sqlalchemy import update

from printapic.adapters.persistence.sql.idempotency_tables import idempotency_keys
from printapic.entrypoints.settings import Settings
from tests.integration.http.live_shop import LiveShop, live_shop
from tests.integration.http.problems import problem
from tests.integration.journeys.shop_process import ShopProcess
from tests.servers.loopback import loopback_client

DYING = "tests.integration.journeys.dying_shop"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
Send = Callable[[LiveShop], httpx.Response]


@contextmanager
def a_living_shop(folder: Path, variables: dict[str, str]) -> Iterator[LiveShop]:
    """Shares folder and database with the one that dies."""
    storage = Settings.from_environment({"PRINTAPIC_DATA": str(folder), **variables}).storage
    with live_shop(folder, storage=storage) as shop:
        yield shop


def send_until_answered(shop: LiveShop, variables: dict[str, str], send: Send) -> httpx.Response:
    """Send to a server that dies of it, and then to one that lives, until there is an answer."""
    process = ShopProcess(shop.folder, variables, module=DYING)
    process.environment["PRINTAPIC_PUBLIC_URL"] = shop.url
    process.start()
    with loopback_client(process.url) as client:
        with pytest.raises(httpx.TransportError):
            send(attrs.evolve(shop, client=client))
        assert process.stop() == -signal.SIGKILL
    problem(send(shop), 409, "idempotency-in-flight")
    end_leases(shop)
    answer, again = send(shop), send(shop)
    assert answer.status_code == 201, answer.text
    assert (again.status_code, again.content) == (201, answer.content)
    assert again.headers["idempotency-replayed"] == "true"
    return answer


def end_leases(shop: LiveShop) -> None:
    """What some seconds do."""
    engine = shop.container.engine()
    assert engine is not None
    with engine.begin() as connection:
        connection.execute(update(idempotency_keys).values(leased_until=LONG_AGO))


def test_an_order_placed_before_a_crash_is_found_and_not_placed_again(
    tmp_path: Path, postgres_url: str
) -> None:
    variables = {"PRINTAPIC_DATABASE_URL": postgres_url}
    with a_living_shop(tmp_path, variables) as shop:
        anna, key = shop.person(), secrets.token_hex(16)
        body = shop.order_request(shop.upload(anna)["id"])
        order = send_until_answered(shop, variables, lambda server: server.place(anna, body, key)).json()
        [placed] = shop.call("GET", "/v1/orders", anna).json()["items"]
        assert placed["id"] == order["id"]


def test_a_checkout_opened_before_a_crash_is_found_and_not_opened_again(tmp_path: Path) -> None:
    with a_living_shop(tmp_path, {}) as shop:
        anna, key = shop.person(), secrets.token_hex(16)
        order = shop.order(anna)
        started = send_until_answered(
            shop, {}, lambda server: server.start_payment(anna, order["id"], key)
        ).json()
        [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", anna).json()["items"]
        assert [attempt["id"] for attempt in payment["attempts"]] == [started["attempt_id"]]
