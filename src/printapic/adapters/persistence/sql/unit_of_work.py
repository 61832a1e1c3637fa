"""The unit of work over a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import attrs
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from printapic.adapters.persistence.sql.audit import SqlAuditLog
from printapic.adapters.persistence.sql.bookkeeping import SqlJournal, SqlPaymentFindings
from printapic.adapters.persistence.sql.catalogue import PriceListCache, SqlPriceLists
from printapic.adapters.persistence.sql.credentials import (
    SqlAccountRequestRepository,
    SqlApiKeyRepository,
    SqlSecondFactorRepository,
)
from printapic.adapters.persistence.sql.engine import reading_engine
from printapic.adapters.persistence.sql.images import SqlImageRepository
from printapic.adapters.persistence.sql.inbox import SqlPaymentInbox
from printapic.adapters.persistence.sql.invoices import SqlRetainedInvoices
from printapic.adapters.persistence.sql.notifications import SqlNotificationRepository
from printapic.adapters.persistence.sql.orders import SqlBatchRepository, SqlOrderRepository
from printapic.adapters.persistence.sql.payments import SqlPaymentRepository
from printapic.adapters.persistence.sql.sessions import SqlSessionRepository
from printapic.adapters.persistence.sql.timers import SqlTimers
from printapic.adapters.persistence.sql.transaction import SqlTransaction, shop_errors
from printapic.adapters.persistence.sql.treasury import SqlTreasury
from printapic.adapters.persistence.sql.turns import turn_to_write
from printapic.adapters.persistence.sql.users import SqlRegistrationRepository, SqlUserRepository
from printapic.application.audit.sealing import Notary
from printapic.application.ports.jobs import Job, JobQueue
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.events import DomainEvent

Reactions = Callable[[DomainEvent], Iterable[Job]]
"""Which jobs an event calls for."""


class SqlJobs(JobQueue):
    """The jobs of one unit of work: hands them to the queue that shares its connection."""

    def __init__(self, transaction: SqlTransaction, queue: Callable[[Connection], JobQueue]) -> None:
        self._transaction = transaction
        self._queue = queue
        self.enqueued = 0

    def enqueue(self, job: Job) -> None:
        """Promise a job. Raises `RuntimeError` in a unit that only reads."""
        with self._transaction.guarded(writing=True) as connection:
            self._queue(connection).enqueue(job)
        self.enqueued += 1


class SqlUnitOfWork(UnitOfWork):
    """One transaction and the repositories that take part in it."""

    jobs: SqlJobs
    audit: SqlAuditLog

    def __init__(
        self,
        transaction: SqlTransaction,
        reactions: Reactions,
        job_queue: Callable[[Connection], JobQueue],
        on_commit: Callable[[], None],
        cache: PriceListCache,
        notary: Notary,
    ) -> None:
        self._transaction = transaction
        self._reactions = reactions
        self._on_commit = on_commit
        self._committed = False
        self.users = SqlUserRepository(transaction)
        self.registrations = SqlRegistrationRepository(transaction)
        self.account_requests = SqlAccountRequestRepository(transaction)
        self.sessions = SqlSessionRepository(transaction)
        self.second_factors = SqlSecondFactorRepository(transaction)
        self.api_keys = SqlApiKeyRepository(transaction)
        self.images = SqlImageRepository(transaction)
        self.price_lists = SqlPriceLists(transaction, cache)
        self.orders = SqlOrderRepository(transaction)
        self.batches = SqlBatchRepository(transaction)
        self.payments = SqlPaymentRepository(transaction)
        self.inbox = SqlPaymentInbox(transaction)
        self.journal = SqlJournal(transaction)
        self.treasury = SqlTreasury(transaction)
        self.findings = SqlPaymentFindings(transaction)
        self.invoices = SqlRetainedInvoices(transaction)
        self.notifications = SqlNotificationRepository(transaction)
        self.jobs = SqlJobs(transaction, job_queue)
        self.audit = SqlAuditLog(transaction, notary)
        self.timers = SqlTimers(transaction)

    def commit(self) -> None:
        """Turn the events into jobs and make everything lasting.

        Raises `RuntimeError` for a second commit and in a unit that only reads, and `StorageUnavailable`
        where the database does not answer: what became of the unit is then unknown.
        """
        if self._committed:
            raise RuntimeError("a unit of work is committed once")
        self._committed = True
        for event in self._transaction.events:
            for job in self._reactions(event):
                self.jobs.enqueue(job)
        self.audit.chain_up()
        self._transaction.commit()
        if self.jobs.enqueued:
            self._on_commit()


@attrs.frozen(eq=False)
class SqlUnitOfWorkFactory(UnitOfWorkFactory):
    """Begins units of work on SQLite or PostgreSQL. Keep one: it remembers the newest price list.

    `reactions` turns events into jobs when a unit commits; `job_queue` makes the queue that writes on the
    unit's own connection; `on_commit` is called after a commit that left jobs to do; `notary` seals what
    the audit log gets.
    """

    engine: Engine
    reactions: Reactions
    job_queue: Callable[[Connection], JobQueue]
    on_commit: Callable[[], None]
    notary: Notary
    _cache: PriceListCache = attrs.field(init=False, factory=PriceListCache)
    _reading: Engine = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_reading", reading_engine(self.engine))

    @contextmanager
    def __call__(self) -> Iterator[SqlUnitOfWork]:
        """Begin a writing unit of work; on SQLite it is the only one from here on."""
        with turn_to_write(self.engine), _connection(self.engine) as connection:
            yield self._unit(connection, writing=True)

    @contextmanager
    def reading(self) -> Iterator[SqlUnitOfWork]:
        """Begin a unit that only reads."""
        with _connection(self._reading) as connection:
            yield self._unit(connection, writing=False)

    def _unit(self, connection: Connection, *, writing: bool) -> SqlUnitOfWork:
        transaction = SqlTransaction(connection, writing=writing)
        return SqlUnitOfWork(
            transaction, self.reactions, self.job_queue, self.on_commit, self._cache, self.notary
        )


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    """A connection with a transaction begun; whatever was not committed is rolled back."""
    with shop_errors():
        connection = engine.connect()
    try:
        with shop_errors():
            connection.begin()
        yield connection
    finally:
        # A connection that broke cannot be rolled back either, and the pool throws it away.
        with suppress(SQLAlchemyError):
            connection.close()
