"""Users and the registrations from which they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.actors import Role
from printapic.domain.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.events import (
    EmailChanged,
    ErasureRequested,
    PasswordChanged,
    RegistrationRequested,
    RolesChanged,
    UserDisabled,
    UserEnabled,
    UserErased,
    UserVerified,
)
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.permissions import Permission, permissions

REGISTRATION_LIFETIME = timedelta(hours=24)
AFTERMATH = timedelta(hours=1)
"""How long something that was under way when a user was erased may still come in, and has to go as well."""
_NO_PASSWORD = "!"  # noqa: S105 - in the place of a hash, this is the hash of nothing


class UserNotFound(NotFound):
    code = "user-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class TokenInvalid(Invalid):
    """Unknown, used and expired tokens are told apart nowhere."""

    code = "token-invalid"

    def __init__(self) -> None:
        super().__init__("This link is not valid (any more). Please ask for a new one.")


class CredentialsInvalid(Unauthenticated):
    code = "invalid-credentials"

    def __init__(self) -> None:
        super().__init__("E-mail address or password is wrong.")


class PasswordWrong(Denied):
    """Said to somebody who is logged in, so that their client does not throw the session away."""

    code = "password-wrong"

    def __init__(self) -> None:
        super().__init__("The present password is wrong.")


class AccountDisabled(Denied):
    code = "account-disabled"

    def __init__(self) -> None:
        super().__init__("This account is disabled.")


class AccountLeaving(Conflict):
    """Erasure has been asked for, and is not taken back."""

    code = "account-leaving"

    def __init__(self) -> None:
        super().__init__("This account is closed for good.")


class LastAdministrator(Conflict):
    """Without one the shop could never give anybody a role again."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__("A shop has at least one administrator who can log in.")


class OwnRoles(Denied):
    """Nobody raises or lowers themselves: a second administrator looks at it."""

    code = "own-roles"

    def __init__(self) -> None:
        super().__init__("Another administrator has to do this to your account.")


class ColleagueProtected(Denied):
    """Else support could keep those out who would stop it."""

    code = "colleague-protected"

    def __init__(self) -> None:
        super().__init__("Only an administrator may do this to a colleague's account.")


class Locale(StrEnum):
    """The language of a customer's mail."""

    EN = "en"
    DE = "de"


@attrs.define(kw_only=True, eq=False)
class Registration(Aggregate):
    """A wish for an account, until its owner proves the address by a mailed token.

    The account is created when the token comes back: there are no unverified users. Only the token's
    SHA-256 is kept; it is None until the mail was prepared. No password belongs to a wish, since anybody
    may wish for anybody: whoever brings the token says it.
    """

    id: RegistrationId = attrs.field(on_setattr=attrs.setters.frozen)
    email: EmailAddress
    name: str | None
    locale: Locale
    token_sha256: str | None = attrs.field(default=None, repr=False)
    created_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    used_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def request(
        cls,
        *,
        id: RegistrationId,  # noqa: A002
        email: EmailAddress,
        name: str | None,
        locale: Locale,
        at: datetime,
    ) -> Self:
        registration = cls(
            id=id,
            email=email,
            name=name,
            locale=locale,
            created_at=at,
            expires_at=at + REGISTRATION_LIFETIME,
        )
        registration._record(RegistrationRequested(at=at, registration_id=id))
        return registration

    def expect(self, token: str) -> None:
        """From now on this token, which a mail brings, turns the wish into an account."""
        self.token_sha256 = token_digest(token)

    def redeem(self, *, user_id: UserId, password_hash: str, at: datetime) -> User:
        """Turn into the user. Raises `TokenInvalid` when used before, or too late."""
        if self.used_at is not None or at >= self.expires_at:
            raise TokenInvalid
        self.used_at = at
        return User.verify(
            id=user_id,
            email=self.email,
            password_hash=password_hash,
            name=self.name,
            locale=self.locale,
            roles=frozenset({Role.CUSTOMER}),
            at=at,
        )


@attrs.define(kw_only=True, eq=False)
class User(Aggregate):
    """Somebody whose e-mail address is proven."""

    id: UserId = attrs.field(on_setattr=attrs.setters.frozen)
    email: EmailAddress
    password_hash: str = attrs.field(repr=False)
    name: str | None
    locale: Locale
    roles: frozenset[Role]
    created_at: datetime = attrs.field(validator=aware_utc)
    disabled_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    password_changed_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    erasure_requested_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    erased_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def verify(
        cls,
        *,
        id: UserId,  # noqa: A002
        email: EmailAddress,
        password_hash: str,
        name: str | None,
        locale: Locale,
        roles: frozenset[Role],
        at: datetime,
    ) -> Self:
        """A user whose address was proven, by its token or by the person who set up the shop."""
        user = cls(
            id=id,
            email=email,
            password_hash=password_hash,
            name=name,
            locale=locale,
            roles=roles,
            created_at=at,
        )
        user._record(UserVerified(at=at, user_id=id))
        return user

    def set_roles(self, roles: frozenset[Role], *, at: datetime) -> bool:
        """Have exactly these roles; whether that changed anything."""
        if roles == self.roles:
            return False
        self.roles = roles
        self._record(RolesChanged(at=at, user_id=self.id, roles=tuple(sorted(roles))))
        return True

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        """Another password counts from now on; links mailed before are worthless."""
        self.password_hash, self.password_changed_at = password_hash, at
        self._record(PasswordChanged(at=at, user_id=self.id))

    def password_changed_since(self, time: datetime) -> bool:
        return self.password_changed_at is not None and self.password_changed_at >= time

    def rehash_password(self, old: str, new: str) -> bool:
        """Keep the same password under a better hash; False where it was changed meanwhile."""
        if self.password_hash != old:
            return False
        self.password_hash = new
        return True

    def change_email(self, email: EmailAddress, *, at: datetime) -> None:
        """Another address, which its owner has proven."""
        self.email = email
        self._record(EmailChanged(at=at, user_id=self.id))

    def describe(self, *, name: str | None, locale: Locale) -> None:
        """What a user may say of themselves freely."""
        self.name, self.locale = name, locale

    def disable(self, *, at: datetime) -> None:
        """Nobody acts in this account any more; disabling twice changes nothing."""
        if self.disabled_at is None:
            self.disabled_at = at
            self._record(UserDisabled(at=at, user_id=self.id))

    def enable(self, *, at: datetime) -> None:
        """Take a disabling back. Raises `AccountLeaving`."""
        if self.erasure_requested_at is not None:
            raise AccountLeaving
        if self.disabled_at is not None:
            self.disabled_at = None
            self._record(UserEnabled(at=at, user_id=self.id))

    def request_erasure(self, *, at: datetime) -> None:
        """Close the account for good; asking twice changes nothing. The data goes when nothing is open.

        That nobody acts in it any more is part of this, and no event of its own.
        """
        if self.erasure_requested_at is None:
            self.erasure_requested_at = at
            self.disabled_at = self.disabled_at or at
            self._record(ErasureRequested(at=at, user_id=self.id))

    def erase(self, *, at: datetime) -> None:
        """Become somebody of whom nothing is known but the id, to which orders and payments refer.

        The address turns into a text that no address can be, so that the real one is free again. Erasing
        twice changes nothing.
        """
        if self.erased_at is not None:
            return
        self.erased_at = at
        self.email = EmailAddress(f"erased:{self.id}", f"erased:{self.id}")
        self.password_hash = _NO_PASSWORD
        self.name, self.locale, self.roles = None, Locale.EN, frozenset()
        self.password_changed_at = None
        self._record(UserErased(at=at, user_id=self.id))

    @property
    def staff(self) -> bool:
        return not self.roles <= {Role.CUSTOMER}

    def demand_reach(self, actor_may: frozenset[Permission]) -> None:
        """Who only helps customers does not reach colleagues. Raises `ColleagueProtected`."""
        if self.staff and Permission.USER_WRITE not in actor_may:
            raise ColleagueProtected

    @property
    def permissions(self) -> frozenset[Permission]:
        return permissions(self.roles)
