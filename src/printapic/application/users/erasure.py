"""Erasure: a user asks to be forgotten, and is, as soon as the shop owes them nothing any more.

Access ends with the request. What each concept keeps of the user goes by reactions to `UserErased`: each of
them may be killed at any moment and run again, and each runs twice, the second time for what was still
under way the first time.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.idempotency import IdempotencyKeys
from printapic.application.ports.shredding import Shredder
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.users.administration import keep_an_administrator
from printapic.application.users.proof import demand_actors_proof
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import OrderId, PaymentId, SessionId, UserId
from printapic.domain.orders.status import OVER, OrderStatus
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import User

_PAGE = 100


@attrs.frozen(kw_only=True)
class RequestErasure:
    """Close an account for good, and have its data erased when no order and no payment is open any more.

    `session_id` is where `actor_id` has proven lately who they are; without both the shop's own machine acts.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        session_id: SessionId | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> int:
        """How many open orders the erasure waits for. Asking again changes nothing.

        Raises `UserNotFound`, `LastAdministrator`, `ReauthenticationRequired` or `SessionInvalid`.
        """
        now = self.clock.now()
        with self.unit_of_work() as work:
            administrators = work.users.administrators()
            user = work.users.get(user_id)
            demand_actors_proof(work, actor_id, session_id, at=now)
            keep_an_administrator(administrators, user)
            if user.erasure_requested_at is None:
                user.request_erasure(at=now)
                work.users.save(user)
                shut_out(work, user_id, SessionEnd.ERASED, at=now)
                work.audit.append(
                    AuditEvent(
                        at=now,
                        action=AuditAction.ERASURE_REQUESTED,
                        actor_id=actor_id,
                        subject_id=user_id,
                        session_id=session_id,
                        caller=caller,
                    )
                )
            open_orders = work.orders.open_of(user_id)
            work.commit()
        return open_orders


@attrs.frozen(kw_only=True)
class EraseUser:
    """Reaction: let the account itself go, unless something is still open; the timer asks again later.

    The row stays, since orders and payments refer to its id. The key goes under which the audit log keeps
    from where this person came.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, user_id: UserId) -> None:
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            if user.erasure_requested_at is None or user.erased_at is not None:
                return
            if _unfinished(work, user_id, now):
                return
            _forget_requests(work, user)
            _forget_credentials(work, user_id)
            user.erase(at=now)
            work.users.save(user)
            work.audit.append(AuditEvent(at=now, action=AuditAction.USER_ERASED, subject_id=user_id))
            work.audit.forget(user_id)
            work.commit()


@attrs.frozen(kw_only=True)
class ShredErased:
    """Reaction: forget answers to the user's requests, then overwrite what everybody deleted of them."""

    idempotency_keys: IdempotencyKeys
    shredder: Shredder

    def __call__(self, *, user_id: UserId) -> None:
        self.idempotency_keys.forget(user_id)
        self.shredder.shred()


def _unfinished(work: UnitOfWork, user_id: UserId, now: datetime) -> bool:
    """Whether an order goes on, or money is still to come or to be given back."""
    earned: set[OrderId] = set()
    before: OrderId | None = None
    while orders := work.orders.page(owner_id=user_id, before=before, limit=_PAGE):
        if any(order.status not in OVER for order in orders):
            return True
        earned.update(order.id for order in orders if order.status is OrderStatus.COMPLETED)
        before = orders[-1].id
    after: PaymentId | None = None
    while payments := work.payments.of_user(user_id, after=after, limit=_PAGE):
        if not all(each.settled(earned=each.order_id in earned, at=now) for each in payments):
            return True
        after = payments[-1].id
    return False


def _forget_requests(work: UnitOfWork, user: User) -> None:
    """Requests and registrations hold addresses, former ones too; mails about them become the user's.

    An address that somebody else has by now is theirs, and so is one that this user only wished to have:
    else whoever asks for a stranger's address and leaves would take their registration along.
    """
    own = {user.email.key}
    for request in work.account_requests.of_user(user.id, frozenset()):
        holder = work.users.by_email(request.email.key)
        if request.of_own_address and (holder is None or holder.id == user.id):
            own.add(request.email.key)
    requests = work.account_requests.of_user(user.id, frozenset(own))
    registrations = work.registrations.of_addresses(frozenset(own))
    request_ids = frozenset(request.id for request in requests)
    registration_ids = frozenset(registration.id for registration in registrations)
    work.notifications.adopt(frozenset(map(str, (*request_ids, *registration_ids))), user.id)
    work.account_requests.forget(request_ids)
    work.registrations.forget(registration_ids)


def _forget_credentials(work: UnitOfWork, user_id: UserId) -> None:
    work.sessions.forget(user_id)
    work.api_keys.forget(user_id)
    factor = work.second_factors.get(user_id)
    if factor is not None:
        work.second_factors.remove(factor)
