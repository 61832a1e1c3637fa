"""Users and registrations in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, delete, func, or_, select

from printapic.adapters.persistence.sql.tables import registrations, users
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.users import RegistrationRepository, UserRepository
from printapic.domain.actors import Role
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.user import Locale, Registration, User, UserNotFound

_SCHEME_AND_COST = len("$bcrypt-sha256$v=2,t=2b,r=11$")
_SEARCHED = (users.c.email_address, users.c.email_key, users.c.name)


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
        return user_of(row)

    def by_email(self, key: str) -> User | None:
        """The user whose address has this key."""
        row = self._transaction.row(select(users).where(users.c.email_key == key))
        return user_of(row) if row else None

    def password_hash(self, key: str) -> str | None:
        """The hash of the user whose address has this key."""
        row = self._transaction.row(select(users.c.password_hash).where(users.c.email_key == key))
        return row["password_hash"] if row else None

    def save(self, user: User) -> None:
        """Raises `ConcurrentUpdate`, or `EmailTaken` for a changed address."""
        self._transaction.change(users, _user_values(user), user)

    def all(self, *, after: UserId | None, limit: int, containing: str | None = None) -> tuple[User, ...]:
        """Users in the order of their ids."""
        statement = select(users).order_by(users.c.id).limit(limit)
        if after is not None:
            statement = statement.where(users.c.id > after)
        if containing is not None:
            found = [column.icontains(containing, autoescape=True) for column in _SEARCHED]
            statement = statement.where(or_(*found))
        return tuple(user_of(row) for row in self._transaction.rows(statement))

    def administrators(self) -> tuple[User, ...]:
        """They are locked in the order of their ids, so that two who lock them never wait for each other."""
        statement = (
            select(users)
            .where(users.c.roles.cast(Text).contains(f'"{Role.ADMIN}"'), users.c.disabled_at.is_(None))
            .order_by(users.c.id)
        )
        return tuple(user_of(row) for row in self._transaction.rows_to_change(statement))

    def leaving(self, *, after: UserId | None, limit: int) -> tuple[UserId, ...]:
        """By an index that holds nobody else."""
        statement = (
            select(users.c.id)
            .where(users.c.erasure_requested_at.is_not(None), users.c.erased_at.is_(None))
            .order_by(users.c.id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(users.c.id > after)
        return tuple(UserId(row["id"]) for row in self._transaction.rows(statement))

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

    def pending(self, email_key: str, *, at: datetime) -> Registration | None:
        """The newest for this address that can still be redeemed, locked in a writing unit."""
        open_ones = and_(
            registrations.c.email_key == email_key,
            registrations.c.used_at.is_(None),
            registrations.c.expires_at > at,
        )
        row = self._transaction.row_to_change(
            select(registrations).where(open_ones).order_by(registrations.c.id.desc()).limit(1)
        )
        return _registration(row) if row else None

    def save(self, registration: Registration) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(registrations, _registration_values(registration), registration)

    def of_addresses(self, email_keys: frozenset[str]) -> tuple[Registration, ...]:
        """All for these addresses, the oldest first."""
        statement = (
            select(registrations)
            .where(registrations.c.email_key.in_(email_keys))
            .order_by(registrations.c.id)
        )
        return tuple(_registration(row) for row in self._transaction.rows(statement))

    def forget(self, registration_ids: frozenset[RegistrationId]) -> None:
        """Remove them."""
        self._transaction.write(delete(registrations).where(registrations.c.id.in_(registration_ids)))

    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove old ones."""
        old = registrations.c.expires_at < expired_before
        return self._transaction.remove_some(registrations, old, limit=limit)

    def _one(self, condition: ColumnElement[bool]) -> Registration | None:
        row = self._transaction.row_to_change(select(registrations).where(condition))
        return _registration(row) if row else None


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
        "password_changed_at": user.password_changed_at,
        "erasure_requested_at": user.erasure_requested_at,
        "erased_at": user.erased_at,
        "version": user.version,
    }


def user_of(values: Values) -> User:
    """A user from its row."""
    return User(
        id=UserId(values["id"]),
        email=EmailAddress(values["email_address"], values["email_key"]),
        password_hash=values["password_hash"],
        name=values["name"],
        locale=Locale(values["locale"]),
        roles=frozenset(Role(role) for role in values["roles"]),
        created_at=values["created_at"],
        disabled_at=values["disabled_at"],
        password_changed_at=values["password_changed_at"],
        erasure_requested_at=values["erasure_requested_at"],
        erased_at=values["erased_at"],
        version=values["version"],
    )


def _registration_values(registration: Registration) -> Values:
    return {
        "id": registration.id,
        "email_address": registration.email.address,
        "email_key": registration.email.key,
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
        name=values["name"],
        locale=Locale(values["locale"]),
        token_sha256=values["token_sha256"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        used_at=values["used_at"],
        version=values["version"],
    )
