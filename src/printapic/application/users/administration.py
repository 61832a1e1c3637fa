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
class CreateUser:
    """Make a user without a mail: for programs that know their customers, and for the first administrator.

    Whoever can call this can also read the database, so the address counts as proven. An existing user
    keeps name and password, and gets the roles that are missing.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    hasher: PasswordHasher

    def __call__(
        self,
        *,
        email: str,
        password: str,
        name: str | None = None,
        locale: Locale = Locale.EN,
        roles: frozenset[Role] = frozenset({Role.CUSTOMER}),
    ) -> UserId:
        """The id of the user, new or not.

        Raises `EmailInvalid`, `PasswordTooShort`, `PasswordTooLong`, `PasswordUnreadable`,
        `RoleNotGrantable` or `HasherBusy`.
        """
        address = EmailAddress.parse(email)
        check_new_password(unicodedata.normalize("NFKC", password))
        if Role.SYSTEM in roles:
            raise RoleNotGrantable(Role.SYSTEM)
        password_hash = self.hasher.hash(password)
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.by_email(address.key)
            if user is None:
                user = User.verify(
                    id=UserId(self.identifiers.uuid()),
                    email=address,
                    password_hash=password_hash,
                    name=name,
                    locale=locale,
                    roles=roles,
                    at=now,
                )
                work.users.add(user)
            else:
                for role in sorted(roles):
                    user.grant(role, at=now)
                work.users.save(user)
            work.commit()
        return user.id


@attrs.frozen(kw_only=True)
class CreateAdmin:
    """Make the first administrator, or make somebody an administrator who has an account already."""

    create_user: CreateUser

    def __call__(self, *, email: str, password: str) -> UserId:
        """Raises whatever `CreateUser` raises."""
        return self.create_user(email=email, password=password, roles=frozenset({Role.CUSTOMER, Role.ADMIN}))


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
