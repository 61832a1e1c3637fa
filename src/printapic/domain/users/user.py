"""Users and the registrations from which they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.actors import Role
from printapic.domain.errors import Denied, Invalid, NotFound, Unauthenticated
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.events import RegistrationRequested, RolesGranted, UserVerified
from printapic.domain.users.permissions import Permission, permissions

REGISTRATION_LIFETIME = timedelta(hours=24)
MIN_PASSWORD_LENGTH = 15
MAX_PASSWORD_BYTES = 1024


class UserNotFound(NotFound):
    code = "user-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class PasswordTooShort(Invalid):
    code = "password-too-short"

    def __init__(self) -> None:
        super().__init__(
            f"A password has at least {MIN_PASSWORD_LENGTH} characters.", min_length=MIN_PASSWORD_LENGTH
        )


class PasswordTooLong(Invalid):
    code = "password-too-long"

    def __init__(self) -> None:
        super().__init__(f"A password has at most {MAX_PASSWORD_BYTES} bytes.", max_bytes=MAX_PASSWORD_BYTES)


class PasswordUnreadable(Invalid):
    """Half a character (a lone surrogate): no keyboard types it, so nobody could log in with it."""

    code = "password-unreadable"

    def __init__(self) -> None:
        super().__init__("A password is made of whole characters.")


class TokenInvalid(Invalid):
    """Unknown, used and expired tokens are told apart nowhere."""

    code = "token-invalid"

    def __init__(self) -> None:
        super().__init__("This link is not valid (any more). Please ask for a new one.")


class CredentialsInvalid(Unauthenticated):
    code = "invalid-credentials"

    def __init__(self) -> None:
        super().__init__("E-mail address or password is wrong.")


class AccountDisabled(Denied):
    code = "account-disabled"

    def __init__(self) -> None:
        super().__init__("This account is disabled.")


class Locale(StrEnum):
    """The language of a customer's mail."""

    EN = "en"
    DE = "de"


def check_new_password(password: str) -> None:
    """NIST SP 800-63B-4 for a single factor: at least 15 characters, no composition rules.

    Expects the normalised form. Raises `PasswordTooShort`, `PasswordTooLong` or `PasswordUnreadable`.
    """
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise PasswordUnreadable from None
    if size > MAX_PASSWORD_BYTES:
        raise PasswordTooLong
    if len(password) < MIN_PASSWORD_LENGTH:
        raise PasswordTooShort


@attrs.define(kw_only=True, eq=False)
class Registration(Aggregate):
    """A wish for an account, until its owner proves the address by a mailed token.

    The account is created when the token comes back: there are no unverified users. Only the token's
    SHA-256 is kept; it is None until the mail was prepared.
    """

    id: RegistrationId = attrs.field(on_setattr=attrs.setters.frozen)
    email: EmailAddress
    password_hash: str = attrs.field(repr=False)
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
        password_hash: str,
        name: str | None,
        locale: Locale,
        at: datetime,
    ) -> Self:
        registration = cls(
            id=id,
            email=email,
            password_hash=password_hash,
            name=name,
            locale=locale,
            created_at=at,
            expires_at=at + REGISTRATION_LIFETIME,
        )
        registration._record(RegistrationRequested(at=at, registration_id=id))
        return registration

    def redeem(self, *, user_id: UserId, at: datetime) -> User:
        """Turn into the user. Raises `TokenInvalid` when used before, or too late."""
        if self.used_at is not None or at >= self.expires_at:
            raise TokenInvalid
        self.used_at = at
        return User.verify(
            id=user_id,
            email=self.email,
            password_hash=self.password_hash,
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

    def grant(self, role: Role, *, at: datetime) -> None:
        """Add a role; granting one twice changes nothing."""
        if role not in self.roles:
            self.roles |= {role}
            self._record(RolesGranted(at=at, user_id=self.id, roles=tuple(sorted(self.roles))))

    @property
    def permissions(self) -> frozenset[Permission]:
        return permissions(self.roles)
