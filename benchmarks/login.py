"""Logins beside reads, what it costs to find out who asks, and how fast tokens are checked.

Logins come at a fixed rate and hash at the cost of a real shop; reads come at a fixed rate beside them, or
alone, in turn. The hash pool has one thread less than there are processors, so on a small machine part of
the logins is refused: that is how reads stay quick.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.customers import Customer
from benchmarks.pairs import Ratio
from benchmarks.servers import Served, cpu_seconds, postgres, shop_server
from benchmarks.visitors import Outcome, Stream, Visitors, percentiles, visiting
from printapic.domain.ids import SessionId, UserId
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import Settings
from tests.servers.processes import ServerUnavailable

READS, LOGINS = 200, 10
"""Requests a second."""
PEOPLE = 10
"""Those who read: one alone would soon have more requests at work than an account may."""
REAL_COST = 11
_READ = "/v1/users/me"
_PUBLIC = "/v1/products/print-9x13-glossy"


def main(*, short: bool = False) -> None:
    """Print who waits for how long, what the session check costs, and how many tokens are checked."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        database = _database(stack)
        visitors = stack.enter_context(visiting())
        cost = 4 if short else REAL_COST
        with shop_server(folder, "--no-jobs", database=database, bcrypt_cost=cost) as shop:
            console.print(_beside(shop, visitors, pairs=2 if short else 8, seconds=0.5 if short else 5.0))
        with shop_server(folder, "--no-jobs", database=database) as shop:
            console.print(_checked(shop, visitors, pairs=2 if short else 8, seconds=0.5 if short else 4.0))
        console.print(_tokens(folder, count=50 if short else 3000))


def _beside(shop: Served, visitors: Visitors, *, pairs: int, seconds: float) -> Table:
    """Reads alone, and beside logins."""
    customers = Customer.several(shop, PEOPLE)
    customer = customers[0]
    reads = Stream(rate=READS, path=_READ, headers=tuple(each.headers() for each in customers))
    body = json.dumps({"email": customer.email, "password": customer.password})
    logins = Stream(rate=LOGINS, path="/v1/sessions", body=body, status=201)
    visitors.come(shop, reads, logins, seconds=seconds)
    alone: list[Outcome] = []
    beside: list[Outcome] = []
    logged_in: list[Outcome] = []
    for turn in range(pairs):
        if turn % 2 == 0:
            alone += visitors.come(shop, reads, seconds=seconds)
        read, login = visitors.come(shop, reads, logins, seconds=seconds)
        beside.append(read)
        logged_in.append(login)
        if turn % 2 == 1:
            alone += visitors.come(shop, reads, seconds=seconds)
    table = _table(f"{READS} reads and {LOGINS} logins a second")
    for name, outcomes in (("reads alone", alone), ("reads beside logins", beside), ("logins", logged_in)):
        table.add_row(name, *_figures(outcomes))
    ratio = Ratio.of([one.p99 / other.p99 for one, other in zip(beside, alone, strict=True)])
    table.caption = f"p99 of reads beside logins as a multiple of that without, in pairs: {ratio}"
    return table


def _checked(shop: Served, visitors: Visitors, *, pairs: int, seconds: float) -> Table:
    """A public route, one whose caller is remembered, and one whose caller has to be looked up each time."""
    customers = Customer.several(shop, PEOPLE)
    once = tuple(each.headers() for each in customers)
    # Each token comes again after more than the second for which it is believed.
    sessions = int(READS * min(1.5, seconds * 2)) // PEOPLE
    many = tuple(each.headers() for _ in range(sessions) for each in customers)
    kinds = {
        "public": Stream(rate=READS, path=_PUBLIC),
        "caller remembered": Stream(rate=READS, path=_READ, headers=once),
        "caller looked up": Stream(rate=READS, path=_READ, headers=many),
    }
    outcomes: dict[str, list[Outcome]] = {name: [] for name in kinds}
    cpu_ms: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(pairs):
        for name, stream in kinds.items():
            before = cpu_seconds(shop.pid)
            outcomes[name] += visitors.come(shop, stream, seconds=seconds)
            cpu_ms[name].append((cpu_seconds(shop.pid) - before) * 1000 / (READS * seconds))
    table = _table(f"Finding out who asks, {READS} requests a second")
    for name, found in outcomes.items():
        table.add_row(name, *_figures(found), f"{statistics.median(cpu_ms[name]):.2f}")
    return table


def _tokens(folder: Path, *, count: int) -> Table:
    """Access tokens whose signature is checked, and those that are known again."""
    container = Container(settings=Settings.memory(folder))
    tokens, clock, ids = container.tokens(), container.clock(), container.identifiers()
    now = clock.now()
    made = [
        tokens.access_token(UserId(ids.uuid()), SessionId(ids.uuid()), 1, at=now)[0] for _ in range(count)
    ]
    table = Table(title="Access tokens checked by one thread")
    table.add_column("token")
    table.add_column("a second", justify="right")
    for name in ("seen for the first time", "remembered"):
        rate = _per_second(lambda: [tokens.read_access_token(each, at=now) for each in made], count)
        table.add_row(name, f"{rate:,.0f}")
    return table


def _per_second(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _table(title: str) -> Table:
    table = Table(title=title)
    table.add_column("requests")
    for column in ("answered", "p50 ms", "p95 ms", "p99 ms", "refused", "their p99", "CPU ms"):
        table.add_column(column, justify="right")
    return table


def _figures(outcomes: list[Outcome]) -> list[str]:
    answered = tuple(ms for outcome in outcomes for ms in outcome.answered)
    refused = tuple(ms for outcome in outcomes for ms in outcome.refused)
    slowest = f"{percentiles(refused)[2]:.1f}" if len(refused) > 1 else ""
    return [str(len(answered)), *(f"{ms:.1f}" for ms in percentiles(answered)), str(len(refused)), slowest]


def _database(stack: ExitStack) -> str | None:
    """A PostgreSQL of one's own, or None, which is SQLite, where there is none."""
    try:
        return stack.enter_context(postgres())[0]
    except ServerUnavailable:
        return None
