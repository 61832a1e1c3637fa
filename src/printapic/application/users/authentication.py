"""Proving who one is: logging in, staying logged in, logging out."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import PasswordHasher, TokenIssuer
from printapic.domain.actors import Actor
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.email import EmailAddress, EmailInvalid
from printapic.domain.users.permissions import Permission, permissions
from printapic.domain.users.session import Session, SessionInvalid
from printapic.domain.users.user import AccountDisabled, CredentialsInvalid


@attrs.frozen(kw_only=True)
class TokenPair:
    """What a client carries: the access token for requests, the refresh token for the next pair."""

    access_token: str = attrs.field(repr=False)
    expires_in_s: int
    refresh_token: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Principal:
    """Who makes a request, with the roles they have now."""

    session_id: SessionId
    user_id: UserId
    actor: Actor
    permissions: frozenset[Permission]


def _pair(tokens: TokenIssuer, session: Session, *, at: datetime) -> TokenPair:
    access_token, expires_in_s = tokens.access_token(session.user_id, session.id, session.generation, at=at)
    return TokenPair(
        access_token=access_token,
        expires_in_s=expires_in_s,
        refresh_token=tokens.refresh_token(session.id, session.generation),
    )


@attrs.frozen(kw_only=True)
class LogIn:
    """Exchange e-mail address and password for a session.

    Every wrong pair is answered alike and after the same work, whether or not the account exists.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    hasher: PasswordHasher
    tokens: TokenIssuer

    def __call__(self, *, email: str, password: str) -> TokenPair:
        """Raises `CredentialsInvalid`, `AccountDisabled` (after a right password only) or `HasherBusy`."""
        try:
            key = EmailAddress.parse(email).key
        except EmailInvalid:
            key = ""
        with self.unit_of_work.reading() as work:
            user = work.users.by_email(key)
        right = self.hasher.verify(password, user.password_hash if user else None)
        if user is None or not right:
            raise CredentialsInvalid
        if user.disabled_at is not None:
            raise AccountDisabled
        now = self.clock.now()
        session = Session.start(
            id=SessionId(self.identifiers.uuid()), user_id=user.id, roles=user.roles, at=now
        )
        with self.unit_of_work() as work:
            work.sessions.add(session)
            work.commit()
        return _pair(self.tokens, session, at=now)


@attrs.frozen(kw_only=True)
class RefreshSession:
    """Exchange the newest refresh token of a session for a new pair."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    tokens: TokenIssuer

    def __call__(self, *, refresh_token: str) -> TokenPair:
        """Raises `SessionInvalid` for any token but the newest of a live session."""
        session_id, generation = self.tokens.read_refresh_token(refresh_token)
        now = self.clock.now()
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is None or work.users.get(session.user_id).disabled_at is not None:
                raise SessionInvalid
            session.refresh(generation, at=now)
            work.sessions.save(session)
            work.commit()
        return _pair(self.tokens, session, at=now)


@attrs.frozen(kw_only=True)
class LogOut:
    """End one session; its tokens are worthless from now on. Repeating it changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, session_id: SessionId) -> None:
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is not None:
                session.revoke(at=self.clock.now())
                work.sessions.save(session)
                work.commit()


@attrs.frozen(kw_only=True)
class Authenticate:
    """Find out who carries an access token, with the session and the roles as they are now."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    tokens: TokenIssuer

    def __call__(self, *, access_token: str) -> Principal:
        """Raises `SessionInvalid` for any token that is not ours, not fresh, or of an ended session."""
        now = self.clock.now()
        claims = self.tokens.read_access_token(access_token, at=now)
        with self.unit_of_work.reading() as work:
            found = work.sessions.with_user(claims.session_id)
        if found is None:
            raise SessionInvalid
        session, user = found
        if user.id != claims.user_id or not session.live(at=now) or user.disabled_at is not None:
            raise SessionInvalid
        return Principal(
            session_id=session.id,
            user_id=user.id,
            actor=Actor(user.id, user.roles),
            permissions=permissions(user.roles),
        )
