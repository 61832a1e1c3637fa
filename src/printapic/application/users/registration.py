"""Becoming a user."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.throttle import Throttle
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import EmailTaken, TokenIssuer
from printapic.application.users.limits import account_of, demand_mail
from printapic.application.users.passwords import NewPassword
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import AccountRequestId, RegistrationId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.user import Locale, Registration, TokenInvalid


@attrs.frozen(kw_only=True)
class Register:
    """Ask for an account.

    Nothing is looked up: a known and an unknown address get the same answer after the same work. A
    reaction finds out which mail to send. Anybody may ask for any address, so no password is taken from
    them: `VerifyEmail` takes it from whoever read the mail. Were it kept from here, a stranger could wait
    with a password of theirs until the owner confirms, and log in beside them (A. Sudhodanan, A. Paverd:
    Pre-hijacked accounts, USENIX Security 2022).
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    throttle: Throttle
    tokens: TokenIssuer
    new_password: NewPassword

    def __call__(
        self,
        *,
        email: str,
        password: str | None = None,
        name: str | None = None,
        locale: Locale = Locale.EN,
        caller: Caller = UNKNOWN_CALLER,
    ) -> None:
        """`password` is only checked, so that a form can say early that it is too weak, and forgotten.

        Raises `EmailInvalid`, `TooManyRequests`, or what `NewPassword.check` raises.
        """
        address = EmailAddress.parse(email)
        if password is not None:
            self.new_password.check(password, email=address)
        demand_mail(self.throttle, self.tokens, address)
        now = self.clock.now()
        registration = Registration.request(
            id=RegistrationId(self.identifiers.uuid()),
            email=address,
            name=name,
            locale=locale,
            at=now,
        )
        with self.unit_of_work() as work:
            work.registrations.add(registration)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.REGISTERED,
                    caller=caller,
                    details={"account": account_of(self.tokens, address)},
                )
            )
            work.commit()


@attrs.frozen(kw_only=True)
class RequestVerificationMail:
    """Ask for the mail of a registration once more. Nothing is looked up, as in `Register`."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    throttle: Throttle
    tokens: TokenIssuer

    def __call__(self, *, email: str) -> None:
        """Raises `EmailInvalid` or `TooManyRequests`."""
        address = EmailAddress.parse(email)
        demand_mail(self.throttle, self.tokens, address)
        with self.unit_of_work() as work:
            work.account_requests.add(
                AccountRequest.ask(
                    id=AccountRequestId(self.identifiers.uuid()),
                    kind=RequestKind.VERIFICATION_MAIL,
                    email=address,
                    at=self.clock.now(),
                )
            )
            work.commit()


@attrs.frozen(kw_only=True)
class VerifyEmail:
    """Redeem a mailed token: the account exists from here on, with a password from whoever brought it."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    new_password: NewPassword

    def __call__(self, *, token: str, password: str, caller: Caller = UNKNOWN_CALLER) -> UserId:
        """Any token costs a hash, a good one or not.

        Raises `TokenInvalid`, also where the address got an account by another token meanwhile, or what
        `NewPassword` raises; a good token survives a bad password.
        """
        digest = token_digest(token)
        password_hash = self._hash(digest, password)
        now = self.clock.now()
        with self.unit_of_work() as work:
            registration = work.registrations.by_token(digest)
            if registration is None:
                raise TokenInvalid
            user = registration.redeem(
                user_id=UserId(self.identifiers.uuid()), password_hash=password_hash, at=now
            )
            work.registrations.save(registration)
            try:
                work.users.add(user)
            except EmailTaken:
                raise TokenInvalid from None
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.EMAIL_VERIFIED,
                    actor_id=user.id,
                    subject_id=user.id,
                    caller=caller,
                )
            )
            work.commit()
        return user.id

    def _hash(self, digest: str, password: str) -> str:
        with self.unit_of_work.reading() as work:
            registration = work.registrations.by_token(digest)
        return self.new_password(password, email=registration.email if registration else None)
