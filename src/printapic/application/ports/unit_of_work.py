"""The unit of work: everything inside it happens, or nothing does."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Protocol

from printapic.application.ports.audit import AuditLog
from printapic.application.ports.bookkeeping import Journal, PaymentFindings, Treasury
from printapic.application.ports.catalogue import PriceLists
from printapic.application.ports.images import ImageRepository
from printapic.application.ports.inbox import PaymentInbox
from printapic.application.ports.invoices import RetainedInvoices
from printapic.application.ports.jobs import JobQueue
from printapic.application.ports.notifications import NotificationRepository
from printapic.application.ports.orders import BatchRepository, OrderRepository
from printapic.application.ports.payments import PaymentRepository
from printapic.application.ports.timers import Timers
from printapic.application.ports.users import (
    AccountRequestRepository,
    ApiKeyRepository,
    RegistrationRepository,
    SecondFactorRepository,
    SessionRepository,
    UserRepository,
)
from printapic.domain.errors import Conflict, Unavailable


class ConcurrentUpdate(Conflict):
    """Somebody else changed the thing since it was read. Reading it again and retrying is safe."""

    code = "concurrent-update"
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("Somebody else changed this a moment ago. Please try again.")


class StorageUnavailable(Unavailable):
    """The store did not answer. Before `commit` returned nothing is certain, and nothing is half done."""

    code = "storage-unavailable"

    def __init__(self) -> None:
        super().__init__("The shop's storage does not answer. Please try again.")


class UnitOfWork(Protocol):
    """One transaction and the repositories that take part in it.

    * Leaving without `commit`, or by an exception, keeps nothing: no state, no event, no job.
    * `commit` stores the state and turns every event recorded by a saved aggregate into jobs, in the
      order recorded, in the same transaction. It may be called once.
    * In a writing unit, `get` takes a lock on the aggregate until the end (PostgreSQL `FOR UPDATE`;
      SQLite and memory admit one writer at all). Take orders before payments.
    * `save` compares `version` with the stored one and raises `ConcurrentUpdate` if they differ; it
      counts the aggregate's version up. Loading twice gives two objects; changing a loaded one
      without saving it changes nothing.
    * Every method raises `StorageUnavailable` when the store fails.
    """

    users: UserRepository
    registrations: RegistrationRepository
    account_requests: AccountRequestRepository
    sessions: SessionRepository
    second_factors: SecondFactorRepository
    api_keys: ApiKeyRepository
    images: ImageRepository
    price_lists: PriceLists
    orders: OrderRepository
    batches: BatchRepository
    payments: PaymentRepository
    inbox: PaymentInbox
    journal: Journal
    treasury: Treasury
    findings: PaymentFindings
    invoices: RetainedInvoices
    notifications: NotificationRepository
    jobs: JobQueue
    audit: AuditLog
    timers: Timers

    @abstractmethod
    def commit(self) -> None: ...


class UnitOfWorkFactory(Protocol):
    """Begins units of work: `with unit_of_work() as work:`. Safe to call from any thread."""

    @abstractmethod
    def __call__(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a writing unit of work."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a unit that only reads: no locks, and `commit` is refused with `RuntimeError`."""
