"""Evidence: everything that a bank or PayPal asks for when a customer contests a payment.

Our staff answer in the provider's dashboard; here is what they copy into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs

from printapic.application.payments.staff import Staff
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import PaymentId
from printapic.domain.notifications.notification import Notification, NotificationKind
from printapic.domain.orders.invoice import InvoiceNotFound
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import Trigger
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.payment import Payment, PaymentNotFound
from printapic.domain.users.session import Session
from printapic.domain.users.user import User

_OF_ORDERS = (
    NotificationKind.ORDER_PLACED,
    NotificationKind.PAYMENT_RECEIVED,
    NotificationKind.IN_PRODUCTION,
    NotificationKind.DELIVERED,
    NotificationKind.ORDER_CANCELLED,
    NotificationKind.ORDER_EXPIRED,
)


@attrs.frozen(kw_only=True)
class Customer:
    """Who ordered. Of an erased customer nothing is known but when that was."""

    name: str | None
    email: str | None
    since: datetime
    erased_at: datetime | None


@attrs.frozen(kw_only=True)
class Evidence:
    """What we know of one payment and the order that it was for.

    `sessions` are the customer's logins of which the order may have been placed; they are kept for some weeks
    only. `mails` are those about this order. `sealed_invoice` says that one is kept for the tax office: of an
    erased customer, it alone knows the name.
    """

    assembled_at: datetime
    customer: Customer
    order: Order
    payment: Payment
    sessions: tuple[Session, ...]
    mails: tuple[Notification, ...]
    sealed_invoice: bool

    @property
    def edit_window_waived_at(self) -> datetime | None:
        """When the customer gave up the time in which they could have changed their mind."""
        waived = (entry.at for entry in self.order.history if entry.trigger == Trigger.WAIVE_EDIT_WINDOW)
        return next(waived, None)

    @property
    def paid_at(self) -> datetime | None:
        """When the money came that pays the order."""
        paying = (row.occurred_at for row in self.payment.log.captures() if self.payment.pays(row))
        return next(paying, None)

    @property
    def erased(self) -> tuple[str, ...]:
        """What was known once, and was let go of because the customer wanted to be forgotten."""
        gone: list[str] = []
        if self.customer.erased_at is not None:
            gone += ["customer", "sessions", "mails"]
        if self.order.ship_to == self.order.ship_to.forgotten():
            gone += ["delivery address", "tracking numbers", "print files", "reasons"]
        return tuple(gone)


@attrs.frozen(kw_only=True)
class AssembleEvidence:
    """Put together what is known of a payment. Who did so is in the audit log before they read it."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, payment_id: PaymentId, staff: Staff) -> Evidence:
        """Raises `PaymentNotFound`."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            payment = work.payments.get(payment_id)
            work.audit.append(staff.event(AuditAction.EVIDENCE_ASSEMBLED, payment, at=now, details={}))
            work.commit()
        with self.unit_of_work.reading() as work:
            order, payment = work.orders.get(payment.order_id), work.payments.get(payment_id)
            user = work.users.get(order.user_id)
            return Evidence(
                assembled_at=now,
                customer=_customer(user),
                order=order,
                payment=payment,
                sessions=tuple(
                    session
                    for session in work.sessions.of_user(user.id)
                    if _live(session, at=order.created_at)
                ),
                mails=tuple(_mails(work, order, payment)),
                sealed_invoice=_has_invoice(work, order.number),
            )


@attrs.frozen(kw_only=True)
class FindPayment:
    """The payment behind a name in a provider's dashboard: of a dispute, a capture or a checkout."""

    unit_of_work: UnitOfWorkFactory
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(self, *, ref: str) -> PaymentId:
        """Raises `PaymentNotFound`."""
        with self.unit_of_work.reading() as work:
            for provider, gateway in self.gateways.items():
                found = work.payments.by_ref(provider, gateway.livemode, ref)
                if found is not None:
                    return found[0]
        raise PaymentNotFound


def _customer(user: User) -> Customer:
    gone = user.erased_at is not None
    return Customer(
        name=user.name,
        email=None if gone else user.email.address,
        since=user.created_at,
        erased_at=user.erased_at,
    )


def _live(session: Session, *, at: datetime) -> bool:
    ended = session.revoked_at or session.expires_at
    return session.created_at <= at < ended


def _mails(work: UnitOfWork, order: Order, payment: Payment) -> Iterator[Notification]:
    """In the order in which they were written."""
    subjects = [
        *((kind, str(order.id)) for kind in _OF_ORDERS),
        *((NotificationKind.SHIPPED, str(parcel.id)) for parcel in order.shipments),
        *((NotificationKind.PAYMENT_FAILED, str(attempt.id)) for attempt in payment.attempts),
        *((NotificationKind.REFUNDED, refund.ref) for refund in payment.log.refunds),
    ]
    found = (work.notifications.about(kind, subject) for kind, subject in subjects)
    told = [mail for mail in found if mail is not None and mail.user_id == order.user_id]
    yield from sorted(told, key=lambda mail: (mail.created_at, mail.id))


def _has_invoice(work: UnitOfWork, number: str) -> bool:
    try:
        work.invoices.get(number)
    except InvoiceNotFound:
        return False
    return True
