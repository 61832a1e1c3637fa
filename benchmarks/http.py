"""Placing and reading orders: `printapic serve` against a bare handler that sends the same statements.

Both serve one database, durable as a shop's: PostgreSQL with fsync, SQLite with `synchronous=FULL`. Jobs
are left to `printapic worker`, which does not run: mail would be sent during the peer's turn.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.bursts import (
    Effort,
    LoadGenerator,
    Paired,
    Request,
    Side,
    WrongAnswer,
    alternated,
    load_generator,
    percentiles,
)
from benchmarks.customers import Customer, json_request
from benchmarks.servers import Served, bare_server, postgres, shop_server
from tests.servers.processes import ServerUnavailable

CONNECTIONS = 32


@attrs.frozen(kw_only=True)
class Bench:
    """A shop and its bare peer on one database, and what both are asked."""

    database: str
    customer: Customer
    bare: Served
    postgres: tuple[int, ...]
    order_id: str
    body: dict[str, Any]

    def reading(self) -> tuple[Side, Side]:
        """Reading one order of two lines."""
        ours = Request(
            method="GET", path=f"/v1/orders/{self.order_id}", status=200, headers=self.customer.headers()
        )
        return self._sides(ours, Request(method="GET", path=f"/orders/{self.order_id}", status=200))

    def placing(self) -> tuple[Side, Side]:
        """Placing an order of two lines."""
        body = json.dumps(self.body)
        ours = json_request("/v1/orders", body, self.customer.headers())
        return self._sides(ours, json_request("/orders", body, {}))

    def _sides(self, ours: Request, peer: Request) -> tuple[Side, Side]:
        shop = self.customer.served
        return (
            Side(port=shop.port, request=ours, processes=(shop.pid, *self.postgres)),
            Side(port=self.bare.port, request=peer, processes=(self.bare.pid, *self.postgres)),
        )

    def check_read(self, paired: Paired) -> None:
        """Both tell the same of the order."""
        ours, peer = json.loads(paired.ours[-1].body), json.loads(paired.peer[-1].body)
        told, bare = _told(ours, ours["lines"]), _told(peer, peer["order_lines"])
        if ours["id"] != self.order_id or peer["id"] != self.order_id or told != bare:
            raise WrongAnswer(f"{ours} and {peer}")

    def check_placed(self, paired: Paired) -> None:
        """What either placed can be read from the shop, and is a copy of the first order."""
        first = self.customer.read(self.order_id)
        for effort in (paired.ours[-1], paired.peer[-1]):
            placed = self.customer.read(json.loads(effort.body)["id"])
            copied = _told(placed, placed["lines"]) == _told(first, first["lines"])
            if placed["id"] == first["id"] or not copied:
                raise WrongAnswer(f"{placed} and {first}")


def _told(order: dict[str, Any], lines: list[dict[str, Any]]) -> list[Any]:
    plain = [order["status"], order["shipping_method"], order["ship_to"]]
    return plain + [(line["sku"], UUID(line["image_id"]), line["quantity"]) for line in lines]


def main(*, short: bool = False) -> None:
    """Print two lines, ours and the bare one's, for each kind of request on each database."""
    connections = 4 if short else CONNECTIONS
    table = Table(title=f"Orders over HTTP, {connections} connections, medians (quartiles of the pairs)")
    table.add_column("work")
    for column in ("requests/s", "CPU ms", "p50 ms", "p95 ms", "p99 ms", "rate ratio", "CPU ratio", "client"):
        table.add_column(column, justify="right")
    pairs, seconds = (2, 0.2) if short else (11, 1.0)
    console = Console(width=130)
    with load_generator() as load:
        for opened in (on_sqlite, on_postgres):
            try:
                with opened() as bench:
                    for name, paired in measured(bench, load, pairs, seconds, connections):
                        add_rows(table, name, paired)
            except ServerUnavailable as absent:
                console.print(f"[yellow]{absent}")
    console.print(table)


def measured(
    bench: Bench, load: LoadGenerator, pairs: int, seconds: float, connections: int
) -> Iterator[tuple[str, Paired]]:
    """Read and place, and look at what came back."""
    alternate = partial(alternated, load, pairs=pairs, seconds=seconds, connections=connections)
    read = alternate(*bench.reading())
    bench.check_read(read)
    yield f"read an order, {bench.database}", read
    placed = alternate(*bench.placing())
    bench.check_placed(placed)
    yield f"place an order, {bench.database}", placed


def add_rows(table: Table, name: str, paired: Paired) -> None:
    """Ours with the ratios, and the peer below."""
    table.add_row(name, *_figures(paired.ours), str(paired.rate), str(paired.cpu), _client(paired.ours))
    table.add_row("[dim]  bare handler", *_figures(paired.peer), "", "", _client(paired.peer))


def _figures(efforts: tuple[Effort, ...]) -> list[str]:
    rate = statistics.median(effort.rate for effort in efforts)
    cpu_ms = statistics.median(effort.cpu_ms for effort in efforts)
    return [f"{rate:.0f}", f"{cpu_ms:.2f}", *(f"{each:.1f}" for each in percentiles(efforts))]


def _client(efforts: tuple[Effort, ...]) -> str:
    return f"{statistics.median(effort.client_share for effort in efforts):.0%}"


@contextmanager
def on_sqlite() -> Iterator[Bench]:
    """SQLite in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        shop = stack.enter_context(shop_server(folder, "--no-jobs"))
        yield _furnished(stack, shop, folder, "SQLite", f"sqlite:///{folder}/printapic.sqlite", ())


@contextmanager
def on_postgres() -> Iterator[Bench]:
    """A PostgreSQL of one's own. Raises `ServerUnavailable`."""
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        url, pid = stack.enter_context(postgres())
        shop = stack.enter_context(shop_server(folder, "--no-jobs", database=url))
        yield _furnished(stack, shop, folder, "PostgreSQL", url, (pid,))


def _furnished(
    stack: ExitStack, shop: Served, folder: Path, name: str, url: str, postgres_pid: tuple[int, ...]
) -> Bench:
    customer = Customer.of(shop)
    body = customer.order_request()
    order_id = customer.place(body)["id"]
    bare = stack.enter_context(bare_server(folder, database=url, sample=order_id))
    return Bench(
        database=name, customer=customer, bare=bare, postgres=postgres_pid, order_id=order_id, body=body
    )
