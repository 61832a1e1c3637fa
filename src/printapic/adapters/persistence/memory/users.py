"""Users, registrations and sessions in memory."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.users import (
    EmailTaken,
    RegistrationRepository,
    SessionRepository,
    UserRepository,
)
from printapic.domain.actors import Role
from printapic.domain.ids import RegistrationId, SessionId, UserId
from printapic.domain.users.session import Session, SessionEnd
from printapic.domain.users.user import Registration, User, UserNotFound


class MemoryUserRepository(UserRepository):
    """Users by id and by the key of their address."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, user: User) -> None:
        """Raises `EmailTaken`."""
        self._transaction.add("users", user, user.id, self._conflict(user))

    def get(self, user_id: UserId) -> User:
        """Raises `UserNotFound`."""
        user: User | None = self._transaction.find("users", user_id)
        if user is None:
            raise UserNotFound
        return user

    def by_email(self, key: str) -> User | None:
        """The user whose address has this key."""
        return next((copy_of(user) for user in self._all() if user.email.key == key), None)

    def password_hash(self, key: str) -> str | None:
        """The hash of the user whose address has this key."""
        return next((user.password_hash for user in self._all() if user.email.key == key), None)

    def save(self, user: User) -> None:
        """Raises `ConcurrentUpdate`, or `EmailTaken` for a changed address."""
        self._transaction.save("users", user, user.id, self._conflict(user))

    def all(self, *, after: UserId | None, limit: int, containing: str | None = None) -> tuple[User, ...]:
        """Users in the order of their ids."""
        users = sorted(self._all(), key=attrgetter("id"))
        behind = (user for user in users if after is None or user.id > after)
        found = (user for user in behind if containing is None or _contains(user, containing.lower()))
        return tuple(copy_of(user) for user in islice(found, limit))

    def administrators(self) -> tuple[User, ...]:
        """Every administrator who is not disabled, in the order of their ids."""
        users = sorted(self._all(), key=attrgetter("id"))
        return tuple(copy_of(user) for user in users if Role.ADMIN in user.roles and not user.disabled_at)

    def leaving(self, *, after: UserId | None, limit: int) -> tuple[UserId, ...]:
        """In the order of their ids."""
        leaving = [user.id for user in self._all() if user.erasure_requested_at and not user.erased_at]
        return tuple(sorted(each for each in leaving if after is None or each > after))[:limit]

    def hash_samples(self) -> tuple[str, ...]:
        """All of them: nobody keeps many users in memory."""
        return tuple({user.password_hash for user in self._all()})

    def _all(self) -> list[User]:
        return list(self._transaction.table("users").values())

    def _conflict(self, user: User) -> EmailTaken | None:
        taken = any(each.email.key == user.email.key and each.id != user.id for each in self._all())
        return EmailTaken() if taken else None


def _contains(user: User, text: str) -> bool:
    return any(text in part.lower() for part in (user.email.address, user.email.key, user.name or ""))


class MemoryRegistrationRepository(RegistrationRepository):
    """Registrations by id and by the SHA-256 of their token."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, registration: Registration) -> None:
        """Store a wish for an account."""
        self._transaction.add("registrations", registration, registration.id)

    def get(self, registration_id: RegistrationId) -> Registration | None:
        """The registration."""
        found: Registration | None = self._transaction.find("registrations", registration_id)
        return found

    def by_token(self, token_sha256: str) -> Registration | None:
        """The registration whose token has this SHA-256."""
        rows: list[Registration] = list(self._transaction.table("registrations").values())
        return next((copy_of(each) for each in rows if each.token_sha256 == token_sha256), None)

    def pending(self, email_key: str, *, at: datetime) -> Registration | None:
        """The newest for this address that can still be redeemed."""
        rows: list[Registration] = list(self._transaction.table("registrations").values())
        open_ones = [
            each
            for each in rows
            if each.email.key == email_key and each.used_at is None and at < each.expires_at
        ]
        return copy_of(max(open_ones, key=attrgetter("id"))) if open_ones else None

    def save(self, registration: Registration) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("registrations", registration, registration.id)

    def of_addresses(self, email_keys: frozenset[str]) -> tuple[Registration, ...]:
        """All for these addresses, the oldest first."""
        rows: list[Registration] = list(self._transaction.table("registrations").values())
        found = sorted(rows, key=attrgetter("id"))
        return tuple(copy_of(each) for each in found if each.email.key in email_keys)

    def forget(self, registration_ids: frozenset[RegistrationId]) -> None:
        """Remove them."""
        self._transaction.drop("registrations", lambda each: each.id in registration_ids)

    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove old ones."""
        return self._transaction.drop(
            "registrations", lambda each: each.expires_at < expired_before, limit=limit
        )


class MemorySessionRepository(SessionRepository):
    """Sessions, alone or with their users."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, session: Session) -> None:
        """Store a login."""
        self._transaction.add("sessions", session, session.id)

    def get(self, session_id: SessionId) -> Session | None:
        """The session."""
        found: Session | None = self._transaction.find("sessions", session_id)
        return found

    def with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """The session and its user."""
        session = self.get(session_id)
        user: User | None = self._transaction.find("users", session.user_id) if session else None
        return (session, user) if session and user else None

    def save(self, session: Session) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("sessions", session, session.id)

    def live(self, user_id: UserId, *, at: datetime, limit: int = 100) -> tuple[Session, ...]:
        """A user's live sessions, the newest login first."""
        found = sorted(self._of(user_id), key=attrgetter("id"), reverse=True)
        return tuple(copy_of(session) for session in found if session.live(at=at))[:limit]

    def end_all(
        self, user_id: UserId, reason: SessionEnd, *, at: datetime, keep: SessionId | None = None
    ) -> int:
        """End them one by one: there is no other writer."""
        ending = [each for each in self._of(user_id) if each.revoked_at is None and each.id != keep]
        for session in map(copy_of, ending):
            session.end(reason, at=at)
            self.save(session)
        return len(ending)

    def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """All that are stored, the oldest login first."""
        return tuple(copy_of(session) for session in sorted(self._of(user_id), key=attrgetter("id")))

    def forget(self, user_id: UserId) -> None:
        """Remove them all."""
        self._transaction.drop("sessions", lambda session: session.user_id == user_id)

    def purge(self, *, over_before: datetime, limit: int) -> int:
        """Remove old ones."""

        def over(session: Session) -> bool:
            return min(session.revoked_at or session.expires_at, session.expires_at) < over_before

        return self._transaction.drop("sessions", over, limit=limit)

    def _of(self, user_id: UserId) -> list[Session]:
        rows: list[Session] = list(self._transaction.table("sessions").values())
        return [session for session in rows if session.user_id == user_id]
