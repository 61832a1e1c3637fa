"""The daily comparison: how long a month of a provider's books takes, and how much memory at most.

Each measurement has a process of its own, and the provider's lines are made as they are asked for: what a
real provider takes to send them comes on top.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, insert, make_url, text

from benchmarks.servers import postgres
from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.subject_cipher import AesGcmSubjectCipher
from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobQueue
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.adapters.persistence.sql.tables import ledger_postings, payment_transactions, payments
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.adapters.system.clock import FixedClock
from printapic.adapters.system.identifiers import RandomIdentifiers
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.application.audit.sealing import Notary
from printapic.application.payments.healing import TakeInMissing
from printapic.application.payments.reconciliation import ReconcilePayments
from printapic.application.payments.reconciliation_run import ProviderReport
from printapic.application.payments.settlement import SyncPayment
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import FindingKind
from printapic.domain.payments.transaction import Source, TransactionType

SINCE, MONTH = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=31)
LINES, SHORT = (25_000, 100_000), (200,)
ODD_ONE_IN, PAYOUT_ONE_IN = 100, 1000
PRICE, FEE = Money.of("12.90", "EUR"), Money.of("0.43", "EUR")
_AT_ONCE = 5_000
_CLEARING = "psp_clearing:simulated"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


class MadeUpBooks(SimulatedGateway):
    """Has `count` captures in a month; of one in a hundred it says another amount than our log.

    After every thousandth it pays something out, of which we know nothing yet.
    """

    def __init__(self, count: int) -> None:
        super().__init__(SimulatedBooks(None, FixedClock(SINCE)), public_url="http://127.0.0.1")
        self._count = count

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Made as they are asked for."""
        step = MONTH / self._count
        for number in range(max(0, -((SINCE - since) // step)), self._count):
            at = SINCE + number * step
            if at >= until:
                return
            if at >= since:
                yield _line(number, at)
                if number % PAYOUT_ONE_IN == 0:
                    yield _payout(number, at)


def _line(number: int, at: datetime) -> Movement:
    odd = number % ODD_ONE_IN == 0
    return Movement(
        id=f"line_{number}",
        ref=_ref(number),
        kind=MovementKind.CAPTURE,
        amount=PRICE + FEE if odd else PRICE,
        fee=FEE,
        occurred_at=at,
    )


def _payout(number: int, at: datetime) -> Movement:
    return Movement(
        id=f"payout_{number}",
        ref=f"simulated_payout_{number:012}",
        kind=MovementKind.PAYOUT,
        amount=-PRICE,
        fee=None,
        occurred_at=at,
    )


def _ref(number: int) -> str:
    return f"simulated_capture_{number:012}"


def main(*, short: bool = False) -> None:
    """Print a line for each database and length."""
    table = Table(title="A month of a provider's books compared with ours; one line in 100 differs")
    for column in ("database", "lines", "seconds", "lines a second", "MB before", "MB at most"):
        table.add_column(column, justify="right")
    for name, opened in {"SQLite": _sqlite, "PostgreSQL": _postgres}.items():
        for count in SHORT if short else LINES:
            with opened() as url:
                _fill(url, count)
                told = _in_a_process(url, count)
            lines_a_second = f"{count / told['seconds']:,.0f}"
            table.add_row(
                name,
                f"{count:,}",
                f"{told['seconds']:.1f}",
                lines_a_second,
                f"{told['before_mb']:.0f}",
                f"{told['peak_mb']:.0f}",
            )
    Console(width=110).print(table)


def _in_a_process(url: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.reconciliation", url, str(count)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def _measure(url: str, count: int) -> dict[str, float]:
    """Compare everything once. Raises `AssertionError` where it did not find what there is to find."""
    engine = sql_engine(url)
    ring = KeyRing.generate()
    notary = Notary(seal=HmacAuditSeal(ring), cipher=AesGcmSubjectCipher(AesGcmSealer(keyring=ring)))
    units = SqlUnitOfWorkFactory(engine, lambda _: (), SqlJobQueue, lambda: None, notary)
    clock, identifiers = FixedClock(SINCE + MONTH), RandomIdentifiers()
    gateways = {Provider.SIMULATED: MadeUpBooks(count)}
    sync = SyncPayment(unit_of_work=units, clock=clock, identifiers=identifiers, gateways=gateways)
    reconcile = ReconcilePayments(
        unit_of_work=units,
        clock=clock,
        identifiers=identifiers,
        gateways=gateways,
        take_in=TakeInMissing(unit_of_work=units, sync=sync),
    )
    before, start = _most_resident_mb(), perf_counter()
    (report,) = reconcile()
    seconds = perf_counter() - start
    _check(report, count)
    engine.dispose()
    return {"seconds": seconds, "before_mb": before, "peak_mb": _most_resident_mb()}


def _check(report: ProviderReport, count: int) -> None:
    odd, payouts = len(range(0, count, ODD_ONE_IN)), len(range(0, count, PAYOUT_ONE_IN))
    told = report.lines, dict(report.found), dict(report.other_lines)
    if told != (count, {FindingKind.AMOUNT: odd}, {MovementKind.PAYOUT: payouts}):
        raise AssertionError(report)


def _most_resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmHWM")


def _fill(url: str, count: int) -> None:
    """A capture and a fee for each line. Findings ask for the payments; what orders those are of, nobody."""
    # Unlike the shop's own engine, this one lets SQLite overlook what rows refer to.
    engine = create_engine(make_url(url).set(drivername=_DRIVERS[make_url(url).get_backend_name()]))
    step = MONTH / count
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for start in range(0, count, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, count))
            rows = [row for number in numbers for row in _rows(number, SINCE + number * step)]
            connection.execute(insert(payments), [_payment(number) for number in numbers])
            connection.execute(insert(payment_transactions), rows)
            postings = [posting for number in numbers for posting in _postings(number)]
            connection.execute(insert(ledger_postings), postings)
    engine.dispose()


def _payment(number: int) -> dict[str, Any]:
    return {
        "id": UUID(int=number + 1),
        "order_id": UUID(int=number + 1),
        "user_id": UUID(int=1),
        "due_minor": PRICE.minor,
        "currency": PRICE.currency.code,
        "created_at": SINCE,
        "sync_ticket": 0,
        "review_reasons": [],
        "version": 1,
    }


def _rows(number: int, at: datetime) -> list[dict[str, Any]]:
    payment_id, ref = UUID(int=number + 1), _ref(number)
    kinds = ((TransactionType.CAPTURE, PRICE), (TransactionType.FEE, FEE))
    return [
        {
            "payment_id": payment_id,
            "position": position,
            "type": kind,
            "attempt_id": payment_id,
            "provider": Provider.SIMULATED,
            "livemode": False,
            "ref": ref,
            "amount_minor": amount.minor,
            "currency": amount.currency.code,
            "source": Source.WEBHOOK,
            "capture_ref": None,
            "operation_id": None,
            "occurred_at": at,
            "recorded_at": at,
        }
        for position, (kind, amount) in enumerate(kinds)
    ]


def _postings(number: int) -> list[dict[str, Any]]:
    accounts = ((_CLEARING, "order_receivable", PRICE), ("psp_fees", _CLEARING, FEE))
    return [
        {
            "payment_id": UUID(int=number + 1),
            "entry": position,
            "position": position,
            "debit": debit,
            "credit": credit,
            "amount_minor": amount.minor,
            "currency": amount.currency.code,
        }
        for position, (debit, credit, amount) in enumerate(accounts)
    ]


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'shop.sqlite'}"
        engine = sql_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


@contextmanager
def _postgres() -> Iterator[str]:
    with ExitStack() as stack:
        url, _ = stack.enter_context(postgres())
        engine = sql_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
