"""What payments need: a repository, and gateways to those who move the money."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar

import attrs

from printapic.domain.errors import Invalid, Unavailable
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import RefundFact, Snapshot

T = TypeVar("T")


class PaymentRepository(Protocol):
    """Payments, whole: attempts, operations and the transaction log are read and written with them.

    The log is append-only: the store itself refuses to change or delete a row of it.
    """

    @abstractmethod
    def add(self, payment: Payment) -> None:
        """Raises `ConcurrentUpdate` where the order has a payment already."""

    @abstractmethod
    def get(self, payment_id: PaymentId, *, owner_id: UserId | None = None) -> Payment:
        """Raises `PaymentNotFound`, for a foreign payment too."""

    @abstractmethod
    def of_order(self, order_id: OrderId) -> Payment | None: ...

    @abstractmethod
    def by_ref(self, provider: Provider, livemode: bool, ref: str) -> tuple[PaymentId, AttemptId] | None:
        """Which attempt a provider's object belongs to: a checkout, or anything ever seen in one."""

    @abstractmethod
    def by_reference(self, our_reference: str) -> tuple[PaymentId, AttemptId] | None:
        """Which attempt we called so at the provider; None for anything else, whatever it looks like."""

    @abstractmethod
    def save(self, payment: Payment) -> None: ...

    @abstractmethod
    def of_user(self, user_id: UserId, *, after: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """A page of a customer's payments, the oldest first, beginning behind `after`. None is locked."""

    @abstractmethod
    def page(self, *, review: bool, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """All payments, or those that a person has to look at, the newest first. None is locked."""

    @abstractmethod
    def undecided(
        self, *, created_until: datetime, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """Those with a call that was prepared by then and is undecided, the newest first. None is locked."""

    @abstractmethod
    def in_suspense(self, *, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Those whose money in suspense is not nothing, the newest first. None is locked."""

    @abstractmethod
    def changed(self, *, since: datetime, before: PaymentId | None, limit: int) -> tuple[Payment, ...]:
        """Those whose log got a row at `since` or later, the newest first. None is locked."""


@attrs.frozen(kw_only=True)
class Trace:
    """What to tell the provider's support."""

    request_id: str | None = None


@attrs.frozen(kw_only=True)
class Done(Generic[T]):
    value: T
    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class ActionRequired:
    """The customer has to do something at the provider first."""

    redirect_url: str
    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class Pending:
    """Accepted; the outcome comes later."""

    ref: str
    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class Declined:
    """The bank or the provider refuses this customer's means."""

    code: str
    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class Rejected:
    """The provider refuses the request itself; repeating it is useless."""

    code: str
    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class NotSent:
    """Certainly without effect: the request never left. Safe to send again under the same key."""

    trace: Trace = Trace()


@attrs.frozen(kw_only=True)
class Unknown:
    """Possibly done. Never a failure: send again under the same key, or look."""

    reason: str
    trace: Trace = Trace()


Outcome: TypeAlias = Done[T] | ActionRequired | Pending | Declined | Rejected | NotSent | Unknown
"""What became of a call to a provider. A value, not an exception: `match` it, `Unknown` included."""


@attrs.frozen(kw_only=True)
class CurrencyRule:
    """Amounts in minor units between `min_minor` and `max_minor`, in multiples of `step_minor`."""

    exponent: int
    step_minor: int = 1
    min_minor: int = 1
    max_minor: int = 99_999_999


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a gateway can do. A key repeated within its lifetime has one effect.

    Where a gateway has not `ends_pages`, `void` leaves a page that nobody paid on as it is: it ends by
    itself, is forgotten then (`fetch`: not found), and takes no money before that without `complete`.
    Where it has not `finds_pages`, `find` knows only checkouts that money moved for. What moved is in
    `movements` after `books_late_by` at the latest; until then it may be missing.
    """

    manual_capture: bool
    key_lifetime: timedelta
    currencies: Mapping[str, CurrencyRule]
    ends_pages: bool = True
    finds_pages: bool = True
    books_late_by: timedelta = timedelta()


@attrs.frozen(kw_only=True)
class CheckoutRequest:
    """What the hosted page asks the customer for. `our_reference` comes back in every snapshot.

    With `manual_capture` the bank holds the money until `capture` takes it, or `void` gives it back.
    Providers keep a page open for a shortest and a longest time: `expires_at` is moved within them, counted
    from `started_at`, so that the same request sent again asks for the same.
    """

    our_reference: str
    payment_reference: str
    order_number: str
    amount: Money
    return_url: str
    cancel_url: str
    expires_at: datetime
    locale: str = "en"
    manual_capture: bool = False
    started_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Opened:
    """A hosted page is waiting for the customer at `redirect_url`."""

    ref: str
    redirect_url: str
    expires_at: datetime


class MovementKind(StrEnum):
    """Why money moved on our account at the provider. `TOP_UP` is money that we sent there."""

    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"
    DISPUTE = "dispute"
    DISPUTE_RETURNED = "dispute_returned"
    FEE = "fee"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    TOP_UP = "top_up"
    CONVERSION = "conversion"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class Movement:
    """One line of the provider's own books.

    `id` names the line, `ref` the capture, refund or dispute movement that it is about: the same ref that
    a snapshot has for it. `amount` is gross and signed as we see it, `fee` what was kept of it on top.
    `about` is another name that `fetch` takes, for what has a ref that it does not take. `settled` is what
    `amount` became on our account, where the provider converted it on its way: in another currency.
    """

    id: str
    ref: str
    kind: MovementKind
    amount: Money
    fee: Money | None
    about: str | None = attrs.field(default=None, eq=False)
    settled: Money | None = attrs.field(default=None, eq=False)
    occurred_at: datetime


class MovementsUnavailable(Unavailable):
    """The provider did not show its books, or not all of them. Nothing may be concluded."""

    code = "payment-movements-unavailable"

    def __init__(self) -> None:
        super().__init__("The payment provider does not show its books. Please try again later.")


class PaymentGateway(Protocol):
    """One provider that moves money. Thread-safe; holds no database of ours.

    Calls that may move money take an operation id as `key`: the same key with the same request has one
    effect, however often it is sent. No method raises for anything the provider or the network does:
    the outcome says it. `fetch` is the only source of truth.
    """

    provider: ClassVar[Provider]

    @property
    @abstractmethod
    def livemode(self) -> bool:
        """Whether real money moves."""

    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @abstractmethod
    def open(self, *, checkout: CheckoutRequest, key: OperationId) -> Outcome[Opened]:
        """Make a hosted page."""

    @abstractmethod
    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        """Take the money that the customer approved, where the provider waits for that."""

    @abstractmethod
    def capture(self, *, ref: str, amount: Money, final: bool, key: OperationId) -> Outcome[Snapshot]:
        """Take authorized money. `final` gives the rest of the authorization back."""

    @abstractmethod
    def void(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        """Close the hosted page, or give an authorization back. Money taken before stays taken."""

    @abstractmethod
    def refund(
        self, *, capture_ref: str, amount: Money, reason: str, key: OperationId
    ) -> Outcome[RefundFact]:
        """Give captured money back, in whole or in part; never more than was captured (`Rejected`)."""

    @abstractmethod
    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        """Look at a checkout, named by its own ref or by any of its snapshot's `other_refs`.

        `Rejected` as `NOT_FOUND` where the provider has nothing of that name, or not one of our checkouts
        behind it.
        """

    @abstractmethod
    def find(self, *, our_reference: str, since: datetime) -> Outcome[Snapshot | None]:
        """`Done(None)` only if the provider's index is complete for that time."""

    @abstractmethod
    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Every line with `since` <= time < `until`, oldest first, read page by page.

        Raises `MovementsUnavailable`, also half-way.
        """


class WebhookRejected(Invalid):
    """Not from the provider, or too old. The message never says what was wrong with it."""

    code = "webhook-rejected"

    def __init__(self) -> None:
        super().__init__("This delivery is not genuine.")


class VerificationUnavailable(Unavailable):
    code = "webhook-verification-unavailable"

    def __init__(self) -> None:
        super().__init__("The delivery cannot be verified right now.")


@attrs.frozen(kw_only=True)
class RawDelivery:
    """A webhook as it came: the exact bytes, and header names in lower case."""

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime


@attrs.frozen(kw_only=True)
class Notification:
    """A verified webhook: a hint to look at `ref`. It carries no amount on purpose.

    `ref` is any name that `fetch` takes; None where there is nothing to look at. `delivery_id` names this
    delivery where the provider tells deliveries of one event apart. `warning` is what a person has to
    look at because no look at the checkout would show it: a bank's early warning of fraud.
    """

    provider: Provider
    livemode: bool
    event_id: str
    delivery_id: str | None = None
    type: str
    ref: str | None
    warning: str | None = None
    occurred_at: datetime
    body_sha256: str


class WebhookVerifier(Protocol):
    provider: ClassVar[Provider]

    @abstractmethod
    def verify(self, delivery: RawDelivery) -> Notification:
        """Raises `WebhookRejected` for anything that is not a fresh, genuine delivery of well-formed JSON."""
