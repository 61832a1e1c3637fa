"""The audit log: what an entry adds to a unit of work, and how fast a whole log is verified."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import process_time_ns
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event

from benchmarks.pairs import Ratio
from benchmarks.servers import postgres
from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.adapters.audit.subject_cipher import AesGcmSubjectCipher
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobQueue
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.application.audit.sealing import Notary
from printapic.application.audit.verification import VerifyAuditLog
from printapic.domain.actors import Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import SessionId, UserId

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLER = Caller(address="203.0.113.77", device="Firefox on Windows", request_id=str(uuid4()))
UNITS, ROUNDS, ENTRIES = 200, 15, 20_000
SHORT = (5, 2, 50)


def main(*, short: bool = False) -> None:
    """Print a line for each database: SQLite in a file, and PostgreSQL on this machine."""
    units, rounds, entries = SHORT if short else (UNITS, ROUNDS, ENTRIES)
    table = Table(title=f"The audit log, {rounds} rounds of {units} units, medians (quartiles), one core")
    table.add_column("database")
    for column in ("unit without, ms of CPU", "with an entry", "statements more", "verified a second"):
        table.add_column(column, justify="right")
    for name, opened in {"SQLite": _sqlite, "PostgreSQL": _postgres}.items():
        with opened() as engine:
            log = Log(engine)
            log.write(UserId(uuid4()))
            statements = log.statements(log.entry) - log.statements(log.nothing)
            without, entry = log.costs(log.nothing, units, rounds), log.costs(log.entry, units, rounds)
            table.add_row(name, str(without), str(entry), str(statements), f"{log.verified(entries):,}")
    Console(width=130).print(table)


class Log:
    """An audit log, and units of work with and without an entry for it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ring = KeyRing.generate()
        self._seal = HmacAuditSeal(ring)
        notary = Notary(seal=self._seal, cipher=AesGcmSubjectCipher(AesGcmSealer(keyring=ring)))
        self._units = SqlUnitOfWorkFactory(engine, lambda _: (), SqlJobQueue, lambda: None, notary)
        self._subject = UserId(uuid4())

    def nothing(self) -> None:
        """The least that a unit of work does: begin, read a row, commit."""
        with self._units() as work:
            work.audit.head("auth")
            work.commit()

    def entry(self) -> None:
        """The same, and an entry about somebody who is known already, as at a login."""
        with self._units() as work:
            work.audit.head("auth")
            work.audit.append(_event(self._subject))
            work.commit()

    def write(self, subject: UserId, count: int = 1) -> None:
        with self._units() as work:
            for _ in range(count):
                work.audit.append(_event(subject))
            work.commit()

    def statements(self, work: Callable[[], None]) -> int:
        """How many one unit sends; the first makes the subject's key."""
        work()
        sent: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            sent.append(statement)

        event.listen(self._engine, "before_cursor_execute", note)
        work()
        event.remove(self._engine, "before_cursor_execute", note)
        return len(sent)

    def costs(self, work: Callable[[], None], units: int, rounds: int) -> Ratio:
        """Milliseconds of this process for one unit, after a round for warming up."""
        costs = []
        for _ in range(rounds + 1):
            start = process_time_ns()
            for _ in range(units):
                work()
            costs.append((process_time_ns() - start) / 1_000_000 / units)
        return Ratio.of(costs[1:])

    def verified(self, entries: int) -> int:
        """Entries a second of this process, which reads them too."""
        for _ in range(0, entries, 500):
            self.write(self._subject, min(500, entries))
        verify = VerifyAuditLog(self._units, self._seal, MemoryAuditCheckpoints())
        start = process_time_ns()
        report = verify()
        spent_s = (process_time_ns() - start) / 1_000_000_000
        if not report.intact:
            raise AssertionError(report)
        return round(report.entries / spent_s)


def _event(subject: UserId) -> AuditEvent:
    return AuditEvent(
        at=NOW,
        action=AuditAction.LOGGED_IN,
        actor_id=subject,
        subject_id=subject,
        session_id=SessionId(uuid4()),
        caller=CALLER,
    )


@contextmanager
def _sqlite() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as folder:
        engine = sql_engine(f"sqlite:///{Path(folder) / 'shop.sqlite'}")
        migrate(engine)
        yield engine
        engine.dispose()


@contextmanager
def _postgres() -> Iterator[Engine]:
    with ExitStack() as stack:
        url, _ = stack.enter_context(postgres())
        engine = sql_engine(url)
        stack.callback(engine.dispose)
        migrate(engine)
        yield engine
