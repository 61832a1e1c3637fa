"""Sessions: staying logged in, seeing where one is, and ending it."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.throttle import Throttle, demand
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import TokenIssuer
from printapic.application.users.limits import REFRESHES_PER_SESSION
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import NotFound
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import Presented, Session, SessionEnd, SessionInvalid

_NOTEWORTHY = {
    Presented.REUSED: AuditAction.REFRESH_REUSED,
    Presented.LOST_REPLY: AuditAction.SESSION_RECOVERED,
}


_CHANGING = (Presented.NEWEST, Presented.REUSED)


class SessionNotFound(NotFound):
    code = "session-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such session.")


@attrs.frozen(kw_only=True)
class TokenPair:
    """What a client carries: the access token for requests, the refresh token for the next pair.

    `device_token` comes with a login: it spares this device the account's count of wrong passwords.
    """

    access_token: str = attrs.field(repr=False)
    expires_in_s: int
    refresh_token: str = attrs.field(repr=False)
    device_token: str | None = attrs.field(default=None, repr=False)


def token_pair(tokens: TokenIssuer, session: Session, *, at: datetime) -> TokenPair:
    """The tokens of a session's newest generation."""
    access_token, expires_in_s = tokens.access_token(session.user_id, session.id, session.generation, at=at)
    return TokenPair(
        access_token=access_token,
        expires_in_s=expires_in_s,
        refresh_token=tokens.refresh_token(session.id, session.generation),
    )


@attrs.frozen(kw_only=True)
class RefreshSession:
    """Exchange the newest refresh token of a session for a new pair.

    Requests that come together get the same pair's refresh token; a copy that shows up later ends the
    session, and that is stored before it is said.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    throttle: Throttle
    tokens: TokenIssuer

    def __call__(self, *, refresh_token: str, caller: Caller = UNKNOWN_CALLER) -> TokenPair:
        """Raises `SessionInvalid` or `TooManyRequests`."""
        session_id, generation = self.tokens.read_refresh_token(refresh_token)
        demand(self.throttle, f"session:{session_id}", REFRESHES_PER_SESSION)
        now = self.clock.now()
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is None:
                raise SessionInvalid
            found = work.sessions.with_user(session_id)
            if found is None or found[1].disabled_at is not None:
                raise SessionInvalid
            presented = session.present(generation, at=now)
            if presented is Presented.INVALID:
                raise SessionInvalid
            if presented in _CHANGING:
                work.sessions.save(session)
            if action := _NOTEWORTHY.get(presented):
                work.audit.append(
                    AuditEvent(
                        at=now,
                        action=action,
                        subject_id=session.user_id,
                        session_id=session.id,
                        caller=caller,
                    )
                )
            work.commit()
        if presented is Presented.REUSED:
            raise SessionInvalid
        return token_pair(self.tokens, session, at=now)


@attrs.frozen(kw_only=True)
class LogOut:
    """End one session; its tokens are worthless from now on. Repeating it changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, session_id: SessionId, caller: Caller = UNKNOWN_CALLER) -> None:
        now = self.clock.now()
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is None or session.revoked_at is not None:
                return
            session.end(SessionEnd.LOGGED_OUT, at=now)
            work.sessions.save(session)
            work.audit.append(_ended(AuditAction.LOGGED_OUT, session, session.user_id, caller, self.clock))
            work.commit()


@attrs.frozen(kw_only=True)
class ListSessions:
    """Where a user is logged in, the newest login first."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, user_id: UserId) -> tuple[Session, ...]:
        with self.unit_of_work.reading() as work:
            return work.sessions.live(user_id, at=self.clock.now())


@attrs.frozen(kw_only=True)
class EndSession:
    """End one of a user's sessions, wherever it is."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        session_id: SessionId,
        actor_id: UserId | None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> None:
        """Raises `SessionNotFound`, also for somebody else's, and for one that has ended."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is None or session.user_id != user_id or not session.live(at=now):
                raise SessionNotFound
            session.end(SessionEnd.REVOKED, at=now)
            work.sessions.save(session)
            work.audit.append(_ended(AuditAction.SESSION_REVOKED, session, actor_id, caller, self.clock))
            work.commit()


@attrs.frozen(kw_only=True)
class EndSessions:
    """End all sessions of a user, but for the one that is to be kept."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        keep: SessionId | None = None,
        actor_id: UserId | None,
        actor_may: frozenset[Permission] | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> int:
        """How many ended. `actor_may` are the permissions of somebody who ends another's sessions.

        Raises `UserNotFound` or `ColleagueProtected`.
        """
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            if actor_may is not None:
                user.demand_reach(actor_may)
            ended = shut_out(work, user_id, SessionEnd.REVOKED, at=now, keep=keep)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.SESSION_REVOKED,
                    actor_id=actor_id,
                    subject_id=user_id,
                    session_id=keep,
                    caller=caller,
                    details={"sessions": str(ended)},
                )
            )
            work.commit()
        return ended


def _ended(
    action: AuditAction, session: Session, actor_id: UserId | None, caller: Caller, clock: Clock
) -> AuditEvent:
    return AuditEvent(
        at=clock.now(),
        action=action,
        actor_id=actor_id,
        subject_id=session.user_id,
        session_id=session.id,
        caller=caller,
    )
