"""Users in the eyes of administrators and of the shop's own machine: making, finding, trusting, closing.

Where `actor_id` is None the shop's own machine acts: whoever can call that can also read the database. What
decides who gets in takes a proof that is fresh in `session_id`, so that a stolen access token makes nobody
an administrator; without a session a program of the shop's own machine acts.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto
from typing import Final

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.ports.versions import Versions, demand_version
from printapic.application.users.passwords import NewPassword
from printapic.application.users.proof import demand_actors_proof
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller, Role
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import Invalid
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import LastAdministrator, Locale, OwnRoles, User, UserNotFound


class Unchanged(Enum):
    """Stands for what is to stay as it is, where None says something else."""

    UNCHANGED = auto()


UNCHANGED: Final = Unchanged.UNCHANGED


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
    new_password: NewPassword

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

        Raises `EmailInvalid`, `RoleNotGrantable`, or what `NewPassword` raises.
        """
        address = EmailAddress.parse(email)
        _refuse_system(roles)
        password_hash = self.new_password(password, email=address)
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
                work.audit.append(
                    AuditEvent(
                        at=now,
                        action=AuditAction.USER_CREATED,
                        subject_id=user.id,
                        details={"roles": " ".join(sorted(roles))},
                    )
                )
            else:
                _change_roles(work, user, user.roles | roles, at=now)
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
class SetRoles:
    """Give a user exactly these roles. Where that changes anything, all their sessions end."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        roles: frozenset[Role],
        actor_id: UserId | None,
        session_id: SessionId | None = None,
        versions: Versions = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> User:
        """The user as they are now.

        Raises `UserNotFound`, `RoleNotGrantable`, `OwnRoles`, `LastAdministrator`, `VersionDiffers`,
        `ReauthenticationRequired` or `SessionInvalid`.
        """
        _refuse_system(roles)
        if user_id == actor_id:
            raise OwnRoles
        now = self.clock.now()
        with self.unit_of_work() as work:
            administrators = work.users.administrators()
            user = work.users.get(user_id)
            demand_actors_proof(work, actor_id, session_id, at=now)
            demand_version(user, versions)
            if Role.ADMIN not in roles:
                keep_an_administrator(administrators, user)
            _change_roles(work, user, roles, at=now, actor_id=actor_id, session_id=session_id, caller=caller)
            work.commit()
        return user


@attrs.frozen(kw_only=True)
class DisableUser:
    """Close an account: all its sessions and API keys stop working within a second."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        session_id: SessionId | None = None,
        versions: Versions = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> User:
        """Disabling twice changes nothing.

        Raises `UserNotFound`, `OwnRoles`, `LastAdministrator`, `VersionDiffers`,
        `ReauthenticationRequired` or `SessionInvalid`.
        """
        if user_id == actor_id:
            raise OwnRoles
        now = self.clock.now()
        with self.unit_of_work() as work:
            administrators = work.users.administrators()
            user = work.users.get(user_id)
            demand_actors_proof(work, actor_id, session_id, at=now)
            demand_version(user, versions)
            keep_an_administrator(administrators, user)
            if user.disabled_at is None:
                user.disable(at=now)
                work.users.save(user)
                shut_out(work, user_id, SessionEnd.DISABLED, at=now)
                _note(
                    work,
                    AuditAction.USER_DISABLED,
                    user,
                    at=now,
                    actor_id=actor_id,
                    session_id=session_id,
                    caller=caller,
                )
                work.commit()
        return user


@attrs.frozen(kw_only=True)
class EnableUser:
    """Open a closed account again; its owner logs in anew."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        session_id: SessionId | None = None,
        versions: Versions = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> User:
        """Enabling twice changes nothing.

        Raises `UserNotFound`, `AccountLeaving`, `VersionDiffers`, `ReauthenticationRequired` or
        `SessionInvalid`.
        """
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            demand_actors_proof(work, actor_id, session_id, at=now)
            demand_version(user, versions)
            if user.disabled_at is not None:
                user.enable(at=now)
                work.users.save(user)
                _note(
                    work,
                    AuditAction.USER_ENABLED,
                    user,
                    at=now,
                    actor_id=actor_id,
                    session_id=session_id,
                    caller=caller,
                )
                work.commit()
        return user


@attrs.frozen(kw_only=True)
class UpdateProfile:
    """Change what users say of themselves: name and language of their mail."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self,
        *,
        user_id: UserId,
        name: str | Unchanged | None = UNCHANGED,
        locale: Locale | Unchanged = UNCHANGED,
        versions: Versions = None,
    ) -> User:
        """What is not given stays, whatever somebody else makes of it meanwhile.

        Raises `UserNotFound` or `VersionDiffers`.
        """
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            demand_version(user, versions)
            before = user.name, user.locale
            after = (
                user.name if name is UNCHANGED else name,
                user.locale if locale is UNCHANGED else locale,
            )
            if after != before:
                user.describe(name=after[0], locale=after[1])
                work.users.save(user)
                work.commit()
        return user


@attrs.frozen(kw_only=True)
class FindUser:
    """The user with an address, for whoever works at the shop's own machine."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, email: str) -> User:
        """Raises `EmailInvalid` or `UserNotFound`."""
        key = EmailAddress.parse(email).key
        with self.unit_of_work.reading() as work:
            user = work.users.by_email(key)
        if user is None:
            raise UserNotFound
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
    """A page of users, in the order in which they came; with `containing`, of those who match."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, after: UserId | None = None, limit: int = 20, containing: str | None = None
    ) -> tuple[User, ...]:
        with self.unit_of_work.reading() as work:
            return work.users.all(after=after, limit=limit, containing=containing)


def _refuse_system(roles: frozenset[Role]) -> None:
    if Role.SYSTEM in roles:
        raise RoleNotGrantable(Role.SYSTEM)


def keep_an_administrator(administrators: tuple[User, ...], leaving: User) -> None:
    """Raises `LastAdministrator`.

    `administrators` are locked, so that two cannot remove each other at the same moment.
    """
    if administrators == (leaving,):
        raise LastAdministrator


def _change_roles(
    work: UnitOfWork,
    user: User,
    roles: frozenset[Role],
    *,
    at: datetime,
    actor_id: UserId | None = None,
    session_id: SessionId | None = None,
    caller: Caller = UNKNOWN_CALLER,
) -> None:
    if user.set_roles(roles, at=at):
        work.users.save(user)
        shut_out(work, user.id, SessionEnd.ROLES_CHANGED, at=at)
        _note(
            work,
            AuditAction.ROLES_CHANGED,
            user,
            at=at,
            actor_id=actor_id,
            session_id=session_id,
            caller=caller,
            roles=" ".join(sorted(roles)),
        )


def _note(
    work: UnitOfWork,
    action: AuditAction,
    user: User,
    *,
    at: datetime,
    actor_id: UserId | None,
    session_id: SessionId | None,
    caller: Caller,
    **details: str,
) -> None:
    work.audit.append(
        AuditEvent(
            at=at,
            action=action,
            actor_id=actor_id,
            subject_id=user.id,
            session_id=session_id,
            caller=caller,
            details=details,
        )
    )
