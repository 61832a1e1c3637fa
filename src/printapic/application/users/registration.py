"""Becoming a user."""

from __future__ import annotations

import hashlib
import unicodedata

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import EmailTaken, PasswordHasher
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.user import Locale, Registration, TokenInvalid, check_new_password


@attrs.frozen(kw_only=True)
class Register:
    """Ask for an account.

    Nothing is looked up: a known and an unknown address get the same answer after the same work. A
    reaction finds out which mail to send.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    hasher: PasswordHasher

    def __call__(
        self, *, email: str, password: str, name: str | None = None, locale: Locale = Locale.EN
    ) -> None:
        """Raises `EmailInvalid`, `PasswordTooShort`, `PasswordTooLong` or `HasherBusy`."""
        address = EmailAddress.parse(email)
        check_new_password(unicodedata.normalize("NFKC", password))
        registration = Registration.request(
            id=RegistrationId(self.identifiers.uuid()),
            email=address,
            password_hash=self.hasher.hash(password),
            name=name,
            locale=locale,
            at=self.clock.now(),
        )
        with self.unit_of_work() as work:
            work.registrations.add(registration)
            work.commit()


@attrs.frozen(kw_only=True)
class VerifyEmail:
    """Redeem a mailed token: the account exists from here on."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, token: str) -> UserId:
        """Raises `TokenInvalid`, also where the address got an account by another token meanwhile."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        with self.unit_of_work() as work:
            registration = work.registrations.by_token(digest)
            if registration is None:
                raise TokenInvalid
            user = registration.redeem(user_id=UserId(self.identifiers.uuid()), at=self.clock.now())
            work.registrations.save(registration)
            try:
                work.users.add(user)
            except EmailTaken:
                raise TokenInvalid from None
            work.commit()
        return user.id
