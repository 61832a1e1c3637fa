"""Webhooks: how long a provider waits for the word that its delivery is stored, beside a route without work.

200 deliveries come every second, each a new event under a genuine signature; each is verified, stored with
its job and committed before it is answered. The peer is the same server's route that only says it lives, at
the same rate and in turn. A provider gives up after some ten seconds, so what counts is the tail.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.bursts import WrongAnswer
from benchmarks.pairs import Ratio
from benchmarks.servers import Served, cpu_seconds, notified_server, postgres
from benchmarks.visitors import Outcome, Stream, Visitors, percentiles, visiting
from printapic.adapters.persistence.sql.payment_tables import webhook_inbox
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings
from tests.providers.paypal.authority import new_authority
from tests.providers.paypal.signatures import PREFIX, SigningDesk
from tests.servers.processes import ServerUnavailable

RATE = 200
"""Deliveries a second: each paid order brings about five."""
_HEALTH = "/health/live"
_SECRET, _WEBHOOK_ID = "whsec_benchmark", "8PT597110X687430LKGECATA"
_PADDING = {"metadata": {f"key_{number}": "x" * 60 for number in range(30)}}
"""Makes a body some three kilobytes long, as theirs are."""

Delivery = tuple[str, dict[str, str]]


@attrs.frozen
class Side:
    """Outcomes of one kind of request, and the processor's milliseconds for each."""

    outcomes: list[Outcome] = attrs.field(factory=list)
    cpu_ms: list[float] = attrs.field(factory=list)

    def row(self) -> list[str]:
        answered = tuple(ms for outcome in self.outcomes for ms in outcome.answered)
        refused = sum(len(outcome.refused) for outcome in self.outcomes)
        shown = [f"{ms:.1f}" for ms in percentiles(answered)]
        return [f"{len(answered):,}", *shown, str(refused), f"{statistics.median(self.cpu_ms):.2f}"]


def main(*, short: bool = False) -> None:
    """Print a table for each database: SQLite in a file, and PostgreSQL on this machine if it is there."""
    console = Console(width=110)
    pairs, seconds = (2, 0.5) if short else (8, 5.0)
    desk = _desk()
    for name, database in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="printapic-bench-")))
            try:
                url = stack.enter_context(database())
            except ServerUnavailable as reason:
                console.print(f"{name}: {reason}")
                continue
            visitors = stack.enter_context(visiting())
            shop = stack.enter_context(_shop(folder, url))
            console.print(_table(name, shop, visitors, desk, pairs=pairs, seconds=seconds))
            # Of both providers; that the first round, for warmth, is not counted leaves room for refusals.
            _expect_stored(shop, at_least=2 * pairs * int(RATE * seconds))


def _table(
    database: str, shop: Served, visitors: Visitors, desk: SigningDesk, *, pairs: int, seconds: float
) -> Table:
    table = Table(title=f"{RATE} webhooks a second on {database}, {pairs} rounds of {seconds:g} s")
    table.add_column("requests")
    for column in ("answered", "p50 ms", "p95 ms", "p99 ms", "refused", "CPU ms"):
        table.add_column(column, justify="right")
    signed: Mapping[str, Callable[[], Delivery]] = {"stripe": _of_stripe, "paypal": lambda: _of_paypal(desk)}
    captions = []
    for provider, made in signed.items():
        webhooks, health = _in_turn(shop, visitors, provider, made, pairs=pairs, seconds=seconds)
        table.add_row(f"{provider}'s webhooks", *webhooks.row())
        table.add_row("a route without work", *health.row(), end_section=True)
        captions.append(f"{provider}: {_ratios(webhooks, health)}")
    table.caption = "Webhooks as a multiple of the route without work, in pairs: " + "; ".join(captions)
    return table


def _in_turn(
    shop: Served,
    visitors: Visitors,
    provider: str,
    made: Callable[[], Delivery],
    *,
    pairs: int,
    seconds: float,
) -> tuple[Side, Side]:
    """Warm up, then alternate, who is first changing with every pair. Each delivery is signed just before."""
    webhooks, health = Side(), Side()

    def notify(side: Side) -> None:
        sent = [made() for _ in range(int(RATE * seconds))]
        bodies, headers = tuple(body for body, _ in sent), tuple(each for _, each in sent)
        path = f"/v1/webhooks/{provider}"
        _come(shop, visitors, Stream(rate=RATE, path=path, headers=headers, bodies=bodies), seconds, side)

    def knock(side: Side) -> None:
        _come(shop, visitors, Stream(rate=RATE, path=_HEALTH), seconds, side)

    notify(Side())
    knock(Side())
    for turn in range(pairs):
        if turn % 2:
            knock(health)
            notify(webhooks)
        else:
            notify(webhooks)
            knock(health)
    return webhooks, health


def _come(shop: Served, visitors: Visitors, stream: Stream, seconds: float, side: Side) -> None:
    before = cpu_seconds(shop.pid)
    side.outcomes.extend(visitors.come(shop, stream, seconds=seconds))
    side.cpu_ms.append((cpu_seconds(shop.pid) - before) * 1000 / int(RATE * seconds))


def _expect_stored(shop: Served, *, at_least: int) -> None:
    """Raises `WrongAnswer` where deliveries were acknowledged that are not there."""
    with open_container(Settings.from_environment(shop.environment)) as container:
        engine = container.engine()
        assert engine is not None
        with engine.connect() as connection:
            stored = connection.execute(select(func.count()).select_from(webhook_inbox)).scalar_one()
    if stored < at_least:
        raise WrongAnswer(f"{stored} of at least {at_least} webhooks are stored")


def _ratios(webhooks: Side, health: Side) -> str:
    pairs = list(zip(webhooks.outcomes, health.outcomes, strict=True))
    medians = Ratio.of([percentiles(a.answered)[0] / percentiles(b.answered)[0] for a, b in pairs])
    return f"p50 {medians}, p99 {Ratio.of([a.p99 / b.p99 for a, b in pairs])}"


def _desk() -> SigningDesk:
    url = f"https://api.sandbox.paypal.com{PREFIX}CERT-360caa42-fca2a594-1d93a270"
    return SigningDesk(key_pem=new_authority().key_pem, certificate_url=url, webhook_id=_WEBHOOK_ID)


def _of_stripe() -> Delivery:
    """docs.stripe.com/webhooks/signature."""
    now, name = int(datetime.now(UTC).timestamp()), secrets.token_hex(12)
    session = {"id": f"cs_test_{name}", "object": "checkout.session", **_PADDING}
    body = _json(
        id=f"evt_{name}",
        object="event",
        type="checkout.session.completed",
        livemode=False,
        created=now,
        api_version="2026-05-27.dahlia",
        data={"object": session},
    )
    digest = hmac.new(_SECRET.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={now},v1={digest}"}


def _of_paypal(desk: SigningDesk) -> Delivery:
    now, name = datetime.now(UTC), secrets.token_hex(8).upper()
    order = {"id": name, "status": "APPROVED", **_PADDING}
    body = _json(
        id=f"WH-{name}",
        event_version="1.0",
        create_time=now.isoformat(),
        resource_type="checkout-order",
        resource_version="2.0",
        event_type="CHECKOUT.ORDER.APPROVED",
        resource=order,
    )
    headers = desk.headers(body.encode(), now)
    return body, {each: value for each, value in headers.items() if each != "Content-Type"}


def _json(**members: Any) -> str:
    return json.dumps(members)


@contextmanager
def _shop(folder: Path, database: str | None) -> Iterator[Served]:
    authority = new_authority()
    certificates = folder / "certificates"
    certificates.mkdir()
    (certificates / "root.pem").write_text(authority.root_pem)
    (certificates / "chain.pem").write_text(authority.certificate_pem + authority.intermediate_pem)
    variables = {
        "PRINTAPIC_PAYMENTS": "stripe,paypal",
        "PRINTAPIC_STRIPE_SECRET_KEY": "sk_test_benchmark",
        "PRINTAPIC_STRIPE_WEBHOOK_SECRETS": _SECRET,
        "PRINTAPIC_PAYPAL_CLIENT_ID": "benchmark",
        "PRINTAPIC_PAYPAL_CLIENT_SECRET": "benchmark",
        "PRINTAPIC_PAYPAL_WEBHOOK_IDS": _WEBHOOK_ID,
    }
    with notified_server(folder, certificates, variables, database=database) as served:
        yield served


@contextmanager
def _sqlite() -> Iterator[None]:
    """The shop's own choice, in its data folder."""
    yield


@contextmanager
def _postgres() -> Iterator[str]:
    """Raises `ServerUnavailable`."""
    with postgres() as (url, _):
        yield url
