"""Changing the address of an account, with a way back for the owner of the old one."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.throttle import Throttle, demand
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import EmailTaken, TokenIssuer
from printapic.application.users.api_keys import revoke_all_keys
from printapic.application.users.limits import EMAIL_CHANGES_PER_USER, demand_mail
from printapic.application.users.proof import demand_recent_proof
from printapic.application.users.redeeming import lock_owner, owner_of
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import AccountRequestId, SessionId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import TokenInvalid

_DISTRUSTED = frozenset(SessionEnd) - {SessionEnd.LOGGED_OUT}
"""A session that was taken away has lost what it asked for too."""


@attrs.frozen(kw_only=True)
class RequestEmailChange:
    """Ask for another address. Whether it is somebody else's is not looked up here, nor told."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    throttle: Throttle
    tokens: TokenIssuer

    def __call__(
        self, *, user_id: UserId, session_id: SessionId, email: str, caller: Caller = UNKNOWN_CALLER
    ) -> None:
        """Raises `EmailInvalid`, `SessionInvalid`, `ReauthenticationRequired` or `TooManyRequests`."""
        address = EmailAddress.parse(email)
        now = self.clock.now()
        demand(self.throttle, f"user:{user_id}", EMAIL_CHANGES_PER_USER)
        demand_mail(self.throttle, self.tokens, address)
        with self.unit_of_work() as work:
            demand_recent_proof(work, user_id, session_id, at=now)
            work.account_requests.add(
                AccountRequest.ask(
                    id=AccountRequestId(self.identifiers.uuid()),
                    kind=RequestKind.EMAIL_CHANGE,
                    email=address,
                    user_id=user_id,
                    session_id=session_id,
                    at=now,
                )
            )
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.EMAIL_CHANGE_REQUESTED,
                    actor_id=user_id,
                    subject_id=user_id,
                    session_id=session_id,
                    caller=caller,
                )
            )
            work.commit()


@attrs.frozen(kw_only=True)
class ConfirmEmailChange:
    """Redeem the token that went to the new address. Every other session than the asking one ends."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, token: str, caller: Caller = UNKNOWN_CALLER) -> None:
        """Raises `TokenInvalid`, also where the address got an account of its own meanwhile."""
        now, digest = self.clock.now(), token_digest(token)
        owner_id = owner_of(self.unit_of_work, digest)
        with self.unit_of_work() as work:
            lock_owner(work, owner_id)
            request = work.account_requests.by_token(digest)
            if request is None:
                raise TokenInvalid
            user = work.users.get(request.redeem(RequestKind.EMAIL_CHANGE, at=now))
            asking = work.sessions.get(request.session_id) if request.session_id else None
            if user.disabled_at is not None or asking is None or asking.ended_by in _DISTRUSTED:
                raise TokenInvalid
            user.change_email(request.email, at=now)
            try:
                work.users.save(user)
            except EmailTaken:
                raise TokenInvalid from None
            work.account_requests.save(request)
            shut_out(work, user.id, SessionEnd.EMAIL_CHANGED, at=now, keep=request.session_id)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.EMAIL_CHANGED,
                    actor_id=user.id,
                    subject_id=user.id,
                    caller=caller,
                )
            )
            work.commit()


@attrs.frozen(kw_only=True)
class RevertEmailChange:
    """Redeem the token that went to the old address: it is the account's again, and every session ends.

    Whatever was asked for since is worthless, the ways back to later addresses included: a thief has them.
    So is every API key: whoever made one would come back with it.

    Works before the change was confirmed, which then never happens, and for a week after it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, token: str, caller: Caller = UNKNOWN_CALLER) -> None:
        """Raises `TokenInvalid`, also where the old address belongs to another account by now."""
        now, digest = self.clock.now(), token_digest(token)
        owner_id = owner_of(self.unit_of_work, digest)
        with self.unit_of_work() as work:
            lock_owner(work, owner_id)
            way_back = work.account_requests.by_token(digest)
            if way_back is None:
                raise TokenInvalid
            user = work.users.get(way_back.redeem(RequestKind.EMAIL_REVERT, at=now))
            if user.disabled_at is not None:
                raise TokenInvalid
            if user.email != way_back.email:
                user.change_email(way_back.email, at=now)
                try:
                    work.users.save(user)
                except EmailTaken:
                    raise TokenInvalid from None
            work.account_requests.save(way_back)
            later_ways = frozenset({RequestKind.EMAIL_REVERT})
            work.account_requests.withdraw_all(user.id, later_ways, at=now, since=way_back.created_at)
            shut_out(work, user.id, SessionEnd.EMAIL_CHANGED, at=now)
            revoke_all_keys(work, user.id, caller=caller, at=now)
            work.audit.append(
                AuditEvent(at=now, action=AuditAction.EMAIL_REVERTED, subject_id=user.id, caller=caller)
            )
            work.commit()
