"""Which use case answers which domain event: the table of what happens by itself.

At commit, the unit of work turns every recorded event into the jobs that this table names, in the same
transaction. A job is a use case's name and its arguments as plain values; `Shop.perform` runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from printapic.application.audit.checkpoints import SealAuditLog
from printapic.application.images.erasure import EraseImages
from printapic.application.notifications.account_mail import (
    SendAccountMail,
    SendRegistrationMail,
    SendSecurityMail,
)
from printapic.application.notifications.erasure import ClearShelf, EraseNotifications
from printapic.application.notifications.order_mail import SendOrderMail
from printapic.application.orders.changes import AdvanceOrder, CompleteOrder, ExpireOrder
from printapic.application.orders.erasure import EraseOrders
from printapic.application.orders.printing import RenderPrintFiles
from printapic.application.payments.erasure import ErasePayments
from printapic.application.payments.intake import SettleWebhook
from printapic.application.payments.purging import PurgeInbox
from printapic.application.payments.reconciliation import ReconcileDaily
from printapic.application.payments.releasing import ReleasePayment
from printapic.application.payments.settlement import PollPayment, first_poll
from printapic.application.payments.undecided import ResolveOperation
from printapic.application.payments.watching import LookThroughPayments, WatchPayments
from printapic.application.ports.jobs import Job
from printapic.application.users.erasure import EraseUser, ShredErased
from printapic.application.users.purging import PurgeExpired
from printapic.application.users.second_factor import FinishSecondFactorReset
from printapic.domain.events import DomainEvent
from printapic.domain.notifications.notification import NotificationKind as Kind
from printapic.domain.orders import events as orders
from printapic.domain.payments import events as payments
from printapic.domain.users import events as users
from printapic.domain.users.user import AFTERMATH

Payload = Mapping[str, str | int | None]


def _at_once(event: DomainEvent) -> datetime:
    return event.at


def _ids(*names: str) -> Callable[[Any], Payload]:
    """Arguments that have the same name in the event and in the use case."""
    return lambda event: {name: str(getattr(event, name)) for name in names}


@attrs.frozen(kw_only=True)
class Reaction:
    """Run `use_case` with `arguments` of the event, at `run_at`. Jobs with one `lock` never overlap."""

    use_case: type
    arguments: Callable[[Any], Payload]
    run_at: Callable[[Any], datetime] = _at_once
    lock: Callable[[Any], str | None] = lambda event: None

    def job(self, event: DomainEvent) -> Job:
        return Job(
            name=self.use_case.__name__,
            payload=self.arguments(event),
            run_at=self.run_at(event),
            lock=self.lock(event),
        )


def _mail(kind: Kind, subject: str = "order_id") -> Reaction:
    """Tell the customer; `subject` names the event's field that makes this mail different from others."""
    return Reaction(
        use_case=SendOrderMail,
        arguments=lambda event: {
            "kind": kind.value,
            "order_id": str(event.order_id),
            "subject_id": str(getattr(event, subject)),
        },
    )


def _warning(kind: Kind, subject: str | None = None) -> Reaction:
    """Tell the owner of an account; each time it happens is a mail of its own.

    `subject` names the event's field that makes this mail different from others, where that is not the time.
    """

    def arguments(event: Any) -> Payload:
        due_at = getattr(event, "due_at", None)
        this_time = f"{event.user_id} {event.at.isoformat()}"
        return {
            "kind": kind.value,
            "user_id": str(event.user_id),
            "subject_id": str(getattr(event, subject)) if subject else this_time,
            "happened_at": event.at.isoformat(),
            "due_at": due_at.isoformat() if due_at else "",
        }

    return Reaction(use_case=SendSecurityMail, arguments=arguments)


def _erasing(use_case: type, after: timedelta = timedelta()) -> tuple[Reaction, Reaction]:
    """Let go of an erased user, and once more when nothing can be under way any longer."""
    first, again = after, after + AFTERMATH
    return (
        Reaction(use_case=use_case, arguments=_ids("user_id"), run_at=lambda event: event.at + first),
        Reaction(use_case=use_case, arguments=_ids("user_id"), run_at=lambda event: event.at + again),
    )


def _one_payment(event: Any) -> str:
    return f"payment:{event.payment_id}"


_ORDER = _ids("order_id")
_SLOWEST_REQUEST = timedelta(minutes=1)
_OTHERS_DONE = timedelta(minutes=5)

REACTIONS: Mapping[type[DomainEvent], tuple[Reaction, ...]] = {
    users.RegistrationRequested: (
        Reaction(use_case=SendRegistrationMail, arguments=_ids("registration_id")),
    ),
    users.AccountMailRequested: (Reaction(use_case=SendAccountMail, arguments=_ids("request_id")),),
    users.RolesChanged: (_warning(Kind.ROLES_CHANGED),),
    users.UserDisabled: (_warning(Kind.ACCOUNT_DISABLED),),
    users.UserEnabled: (_warning(Kind.ACCOUNT_ENABLED),),
    users.ApiKeyIssued: (_warning(Kind.API_KEY_ISSUED, subject="key_id"),),
    users.PasswordChanged: (_warning(Kind.PASSWORD_CHANGED),),
    users.EmailChanged: (_warning(Kind.EMAIL_CHANGED),),
    users.RefreshTokenReused: (_warning(Kind.SESSION_COMPROMISED),),
    users.SecondFactorEnabled: (_warning(Kind.MFA_ENABLED),),
    users.SecondFactorDisabled: (_warning(Kind.MFA_DISABLED),),
    users.RecoveryCodeUsed: (_warning(Kind.RECOVERY_CODE_USED),),
    users.SecondFactorResetRequested: (
        _warning(Kind.MFA_RESET_REQUESTED),
        Reaction(
            use_case=FinishSecondFactorReset,
            arguments=_ids("user_id"),
            run_at=lambda event: event.due_at,
        ),
    ),
    users.ErasureRequested: (
        _warning(Kind.ERASURE_REQUESTED),
        Reaction(
            use_case=EraseUser,
            arguments=_ids("user_id"),
            run_at=lambda event: event.at + _SLOWEST_REQUEST,
        ),
    ),
    users.UserErased: (
        *_erasing(EraseOrders),
        *_erasing(ErasePayments),
        *_erasing(EraseImages),
        *_erasing(EraseNotifications),
        *_erasing(ShredErased, after=_OTHERS_DONE),
    ),
    orders.OrderPlaced: (
        _mail(Kind.ORDER_PLACED),
        Reaction(use_case=ExpireOrder, arguments=_ORDER, run_at=lambda event: event.expires_at),
    ),
    orders.OrderConfirmed: (
        Reaction(use_case=RenderPrintFiles, arguments=_ORDER),
        _mail(Kind.PAYMENT_RECEIVED),
        Reaction(use_case=AdvanceOrder, arguments=_ORDER, run_at=lambda event: event.edit_until),
    ),
    orders.OrderExpired: (
        Reaction(use_case=ReleasePayment, arguments=_ORDER),
        _mail(Kind.ORDER_EXPIRED),
    ),
    orders.OrderCancelled: (
        Reaction(use_case=ReleasePayment, arguments=_ORDER),
        _mail(Kind.ORDER_CANCELLED),
    ),
    orders.OrderReleased: (
        Reaction(use_case=RenderPrintFiles, arguments=_ORDER),
        Reaction(use_case=AdvanceOrder, arguments=_ORDER),
    ),
    orders.ProductionStarted: (_mail(Kind.IN_PRODUCTION),),
    orders.ParcelHandedOver: (_mail(Kind.SHIPPED, subject="shipment_id"),),
    orders.OrderDelivered: (
        _mail(Kind.DELIVERED),
        Reaction(use_case=CompleteOrder, arguments=_ORDER, run_at=lambda event: event.claims_until),
    ),
    payments.AttemptOpened: (
        Reaction(
            use_case=PollPayment,
            arguments=lambda event: {**_ids("payment_id", "attempt_id")(event), "poll": 0},
            run_at=lambda event: first_poll(event.at),
        ),
    ),
    payments.AttemptFailed: (_mail(Kind.PAYMENT_FAILED, subject="attempt_id"),),
    payments.MoneyCollected: (Reaction(use_case=AdvanceOrder, arguments=_ORDER),),
    payments.OperationPrepared: (
        Reaction(
            use_case=ResolveOperation,
            arguments=lambda event: {**_ids("payment_id", "operation_id")(event), "tries": 0},
            lock=_one_payment,
        ),
    ),
    payments.ReviewResolved: (Reaction(use_case=AdvanceOrder, arguments=_ORDER),),
    payments.RefundSucceeded: (_mail(Kind.REFUNDED, subject="refund_ref"),),
}


JOBS = frozenset(
    {reaction.use_case.__name__ for reactions in REACTIONS.values() for reaction in reactions}
    | {
        use_case.__name__
        for use_case in (
            ClearShelf,
            LookThroughPayments,
            PurgeExpired,
            PurgeInbox,
            ReconcileDaily,
            SealAuditLog,
            SettleWebhook,
            WatchPayments,
        )
    }
)
"""Every use case that may be run as a job. Some are promised by no event: the reading of a webhook by the
inbox, as it stores the webhook; checkpoints of the audit log, housekeeping, the comparison of the books and
looks at payments by timers."""


def jobs_for(event: DomainEvent) -> Iterable[Job]:
    """The jobs that one event asks for; none where nobody waits for it."""
    return [reaction.job(event) for reaction in REACTIONS.get(type(event), ())]
