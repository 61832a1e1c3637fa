"""Users, registrations and sessions in SQL."""

from __future__ import annotations

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, ColumnElement, bindparam, func, select

from printapic.adapters.persistence.sql.tables import registrations, sessions, users
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.users import RegistrationRepository, SessionRepository, UserRepository
from printapic.domain.actors import Role
from printapic.domain.ids import RegistrationId, SessionId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.session import Session
from printapic.domain.users.user import Locale, Registration, User, UserNotFound

_SCHEME_AND_COST = len("$bcrypt-sha256$v=2,t=2b,r=11$")
_WITH_USER = (
    select(sessions, users)
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.id == bindparam("session_id"))
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)


class SqlUserRepository(UserRepository):
    """Users by id and by the key of their address."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, user: User) -> None:
        """Raises `EmailTaken`."""
        self._transaction.add(users, _user_values(user), user)

    def get(self, user_id: UserId) -> User:
        """Raises `UserNotFound`."""
        row = self._transaction.row_to_change(select(users).where(users.c.id == user_id))
        if row is None:
            raise UserNotFound
        return _user(row)

    def by_email(self, key: str) -> User | None:
        """The user whose address has this key."""
        row = self._transaction.row(select(users).where(users.c.email_key == key))
        return _user(row) if row else None

    def save(self, user: User) -> None:
        """Raises `ConcurrentUpdate`, or `EmailTaken` for a changed address."""
        self._transaction.change(users, _user_values(user), user)

    def all(self, *, after: UserId | None, limit: int) -> tuple[User, ...]:
        """Users in the order of their ids."""
        statement = select(users).order_by(users.c.id).limit(limit)
        if after is not None:
            statement = statement.where(users.c.id > after)
        return tuple(_user(row) for row in self._transaction.rows(statement))

    def hash_samples(self) -> tuple[str, ...]:
        """One of each beginning: scheme and cost stand in front of the salt (PHC string format)."""
        beginning = func.substr(users.c.password_hash, 1, _SCHEME_AND_COST)
        statement = select(func.min(users.c.password_hash).label("sample")).group_by(beginning)
        return tuple(row["sample"] for row in self._transaction.rows(statement))


class SqlRegistrationRepository(RegistrationRepository):
    """Registrations by id and by the SHA-256 of their token."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, registration: Registration) -> None:
        """Store a wish for an account."""
        self._transaction.add(registrations, _registration_values(registration), registration)

    def get(self, registration_id: RegistrationId) -> Registration | None:
        """The registration, locked in a writing unit."""
        return self._one(registrations.c.id == registration_id)

    def by_token(self, token_sha256: str) -> Registration | None:
        """The registration, locked in a writing unit: it is about to be redeemed."""
        return self._one(registrations.c.token_sha256 == token_sha256)

    def save(self, registration: Registration) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(registrations, _registration_values(registration), registration)

    def _one(self, condition: ColumnElement[bool]) -> Registration | None:
        row = self._transaction.row_to_change(select(registrations).where(condition))
        return _registration(row) if row else None


class SqlSessionRepository(SessionRepository):
    """Sessions, alone or with their users."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, session: Session) -> None:
        """Store a login."""
        self._transaction.add(sessions, _session_values(session), session)

    def get(self, session_id: SessionId) -> Session | None:
        """The session, locked in a writing unit."""
        row = self._transaction.row_to_change(select(sessions).where(sessions.c.id == session_id))
        return _session(row) if row else None

    def with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """One statement; it locks neither of the two."""
        row = self._transaction.row(_WITH_USER, {"session_id": session_id})
        if row is None:
            return None
        session, user = ({c.name: row[f"{t.name}_{c.name}"] for c in t.columns} for t in (sessions, users))
        return _session(session), _user(user)

    def save(self, session: Session) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(sessions, _session_values(session), session)


def _user_values(user: User) -> Values:
    return {
        "id": user.id,
        "email_address": user.email.address,
        "email_key": user.email.key,
        "password_hash": user.password_hash,
        "name": user.name,
        "locale": user.locale,
        "roles": sorted(user.roles),
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
        "version": user.version,
    }


def _user(values: Values) -> User:
    return User(
        id=UserId(values["id"]),
        email=EmailAddress(values["email_address"], values["email_key"]),
        password_hash=values["password_hash"],
        name=values["name"],
        locale=Locale(values["locale"]),
        roles=frozenset(Role(role) for role in values["roles"]),
        created_at=values["created_at"],
        disabled_at=values["disabled_at"],
        version=values["version"],
    )


def _registration_values(registration: Registration) -> Values:
    return {
        "id": registration.id,
        "email_address": registration.email.address,
        "email_key": registration.email.key,
        "password_hash": registration.password_hash,
        "name": registration.name,
        "locale": registration.locale,
        "token_sha256": registration.token_sha256,
        "created_at": registration.created_at,
        "expires_at": registration.expires_at,
        "used_at": registration.used_at,
        "version": registration.version,
    }


def _registration(values: Values) -> Registration:
    return Registration(
        id=RegistrationId(values["id"]),
        email=EmailAddress(values["email_address"], values["email_key"]),
        password_hash=values["password_hash"],
        name=values["name"],
        locale=Locale(values["locale"]),
        token_sha256=values["token_sha256"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        used_at=values["used_at"],
        version=values["version"],
    )


def _session_values(session: Session) -> Values:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "generation": session.generation,
        "created_at": session.created_at,
        "refreshed_at": session.refreshed_at,
        "expires_at": session.expires_at,
        "revoked_at": session.revoked_at,
        "version": session.version,
    }


def _session(values: Values) -> Session:
    return Session(
        id=SessionId(values["id"]),
        user_id=UserId(values["user_id"]),
        generation=values["generation"],
        created_at=values["created_at"],
        refreshed_at=values["refreshed_at"],
        expires_at=values["expires_at"],
        revoked_at=values["revoked_at"],
        version=values["version"],
    )
