"""Giving people roles."""

from __future__ import annotations

import unicodedata

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import PasswordHasher
from printapic.domain.actors import Role
from printapic.domain.errors import Invalid
from printapic.domain.ids import UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.user import Locale, User, UserNotFound, check_new_password


class RoleNotGrantable(Invalid):
    code = "role-not-grantable"

    def __init__(self, role: Role) -> None:
        super().__init__("This role belongs to the shop's own workers.", role=role.value)


@attrs.frozen(kw_only=True)
class CreateAdmin:
    """Make the first administrator, or make somebody an administrator who has an account already.

    Whoever can run this can also read the database, so the address counts as proven. An existing
    account keeps its password.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    hasher: PasswordHasher

    def __call__(self, *, email: str, password: str) -> UserId:
        """Raises `EmailInvalid`, `PasswordTooShort` or `PasswordTooLong`."""
        address = EmailAddress.parse(email)
        check_new_password(unicodedata.normalize("NFKC", password))
        password_hash = self.hasher.hash(password)
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.by_email(address.key)
            if user is None:
                user = User.verify(
                    id=UserId(self.identifiers.uuid()),
                    email=address,
                    password_hash=password_hash,
                    name=None,
                    locale=Locale.EN,
                    roles=frozenset({Role.CUSTOMER, Role.ADMIN}),
                    at=now,
                )
                work.users.add(user)
            else:
                user.grant(Role.ADMIN, at=now)
                work.users.save(user)
            work.commit()
        return user.id


@attrs.frozen(kw_only=True)
class GrantRole:
    """Give a user a role. Granting one twice changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, email: str, role: Role) -> User:
        """Raises `UserNotFound`, `EmailInvalid` or `RoleNotGrantable`."""
        if role is Role.SYSTEM:
            raise RoleNotGrantable(role)
        address = EmailAddress.parse(email)
        with self.unit_of_work() as work:
            user = work.users.by_email(address.key)
            if user is None:
                raise UserNotFound
            user.grant(role, at=self.clock.now())
            work.users.save(user)
            work.commit()
        return user


@attrs.frozen(kw_only=True)
class ReadUser:
    """One user."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, user_id: UserId) -> User:
        """Raises `UserNotFound`."""
        with self.unit_of_work.reading() as work:
            return work.users.get(user_id)


@attrs.frozen(kw_only=True)
class ListUsers:
    """A page of users, in the order in which they came."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, after: UserId | None = None, limit: int = 20) -> tuple[User, ...]:
        with self.unit_of_work.reading() as work:
            return work.users.all(after=after, limit=limit)
