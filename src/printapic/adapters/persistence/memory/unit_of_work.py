"""The unit of work in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import attrs

from printapic.adapters.persistence.memory.audit import MemoryAuditLog
from printapic.adapters.persistence.memory.bookkeeping import (
    MemoryJournal,
    MemoryPaymentFindings,
    MemoryTreasury,
)
from printapic.adapters.persistence.memory.catalogue import MemoryPriceLists
from printapic.adapters.persistence.memory.credentials import (
    MemoryAccountRequestRepository,
    MemoryApiKeyRepository,
    MemorySecondFactorRepository,
)
from printapic.adapters.persistence.memory.images import MemoryImageRepository
from printapic.adapters.persistence.memory.inbox import MemoryPaymentInbox
from printapic.adapters.persistence.memory.invoices import MemoryRetainedInvoices
from printapic.adapters.persistence.memory.notifications import MemoryNotificationRepository
from printapic.adapters.persistence.memory.orders import MemoryBatchRepository, MemoryOrderRepository
from printapic.adapters.persistence.memory.payments import MemoryPaymentRepository
from printapic.adapters.persistence.memory.state import MemoryState, MemoryTransaction
from printapic.adapters.persistence.memory.timers import MemoryTimers
from printapic.adapters.persistence.memory.users import (
    MemoryRegistrationRepository,
    MemorySessionRepository,
    MemoryUserRepository,
)
from printapic.application.audit.sealing import Notary
from printapic.application.ports.jobs import Job, JobQueue
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.events import DomainEvent

Reactions = Callable[[DomainEvent], Iterable[Job]]
"""Which jobs an event calls for."""


class MemoryJobs(JobQueue):
    """The jobs of one unit of work, kept back until it commits."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction
        self.enqueued: list[Job] = []

    def enqueue(self, job: Job) -> None:
        """Promise a job. Raises `RuntimeError` in a unit that only reads."""
        self._transaction.check(writing=True)
        self.enqueued.append(job)


class MemoryUnitOfWork(UnitOfWork):
    """One transaction and the repositories that take part in it."""

    jobs: MemoryJobs
    audit: MemoryAuditLog

    def __init__(
        self,
        transaction: MemoryTransaction,
        reactions: Reactions,
        job_queue: Callable[[Job], None],
        on_commit: Callable[[], None],
        notary: Notary,
    ) -> None:
        self._transaction = transaction
        self._reactions = reactions
        self._job_queue = job_queue
        self._on_commit = on_commit
        self._committed = False
        self.users = MemoryUserRepository(transaction)
        self.registrations = MemoryRegistrationRepository(transaction)
        self.account_requests = MemoryAccountRequestRepository(transaction)
        self.sessions = MemorySessionRepository(transaction)
        self.second_factors = MemorySecondFactorRepository(transaction)
        self.api_keys = MemoryApiKeyRepository(transaction)
        self.images = MemoryImageRepository(transaction)
        self.price_lists = MemoryPriceLists(transaction)
        self.orders = MemoryOrderRepository(transaction)
        self.batches = MemoryBatchRepository(transaction)
        self.payments = MemoryPaymentRepository(transaction)
        self.inbox = MemoryPaymentInbox(transaction)
        self.journal = MemoryJournal(transaction)
        self.treasury = MemoryTreasury(transaction)
        self.findings = MemoryPaymentFindings(transaction)
        self.invoices = MemoryRetainedInvoices(transaction)
        self.notifications = MemoryNotificationRepository(transaction)
        self.jobs = MemoryJobs(transaction)
        self.audit = MemoryAuditLog(transaction, notary)
        self.timers = MemoryTimers(transaction)

    def commit(self) -> None:
        """Turn the events into jobs and make everything visible at once.

        Raises `RuntimeError` for a second commit and in a unit that only reads.
        """
        if self._committed:
            raise RuntimeError("a unit of work is committed once")
        self._committed = True
        for event in self._transaction.events:
            for job in self._reactions(event):
                self.jobs.enqueue(job)
        self.audit.chain_up()
        self._transaction.commit(before=self._hand_over)
        if self.jobs.enqueued:
            self._on_commit()

    def _hand_over(self) -> None:
        for job in self.jobs.enqueued:
            self._job_queue(job)


@attrs.frozen(eq=False)
class MemoryUnitOfWorkFactory(UnitOfWorkFactory):
    """Begins units of work over the state that this factory holds; it ends with the process.

    `reactions` turns events into jobs when a unit commits; `job_queue` takes each job of a unit that
    committed (a ledger's `add`); `on_commit` is called after a commit that left jobs to do; `notary` seals
    what the audit log gets. Setting `state.fail_with` makes the store fail.
    """

    reactions: Reactions
    job_queue: Callable[[Job], None]
    on_commit: Callable[[], None]
    notary: Notary
    state: MemoryState = attrs.field(init=False, factory=MemoryState)

    @contextmanager
    def __call__(self) -> Iterator[MemoryUnitOfWork]:
        """Begin a writing unit of work, the only one from here on. Raises `StorageUnavailable`."""
        self.state.check()
        with self.state.writing():
            yield from self._unit(writing=True)

    @contextmanager
    def reading(self) -> Iterator[MemoryUnitOfWork]:
        """Begin a unit that only reads."""
        self.state.check()
        yield from self._unit(writing=False)

    def _unit(self, *, writing: bool) -> Iterator[MemoryUnitOfWork]:
        transaction = MemoryTransaction(self.state, writing=writing)
        try:
            yield MemoryUnitOfWork(transaction, self.reactions, self.job_queue, self.on_commit, self.notary)
        finally:
            transaction.end()
