"""Passwords: choosing a good one, changing it, and getting back in without it."""

from __future__ import annotations

import re
import unicodedata

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.secrets import CommonPasswords
from printapic.application.ports.throttle import Throttle
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import PasswordHasher, TokenIssuer
from printapic.application.users.limits import (
    RESETS_PER_ADDRESS,
    PasswordGate,
    account_of,
    demand_mail,
)
from printapic.application.users.redeeming import lock_owner
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import AccountRequestId, SessionId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.password import PasswordGuessable, check_new_password
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import PasswordWrong, TokenInvalid

_WORDS = re.compile(r"[^\W_]+")


@attrs.frozen(kw_only=True)
class NewPassword:
    """Checks a password that somebody wants to have, and hashes it."""

    hasher: PasswordHasher
    common_passwords: CommonPasswords
    shop_name: str

    def __call__(self, password: str, *, email: EmailAddress | None, second_factor: bool = False) -> str:
        """The hash. `email` None leaves the own address out: whoever has only a token shows none.

        Raises `PasswordTooShort`, `PasswordTooLong`, `PasswordUnreadable`, `PasswordGuessable` or
        `HasherBusy`.
        """
        self.check(password, email=email, second_factor=second_factor)
        return self.hasher.hash(password)

    def check(self, password: str, *, email: EmailAddress | None, second_factor: bool = False) -> None:
        """Raises what calling this raises, but for `HasherBusy`."""
        normalised = unicodedata.normalize("NFKC", password)
        words = [self.shop_name, *_WORDS.findall(self.shop_name)]
        if email is not None:
            local, _, domain = email.address.partition("@")
            words += [email.address, local, domain, *_WORDS.findall(email.address)]
        check_new_password(normalised, second_factor=second_factor, words=words)
        if self.common_passwords.is_common(normalised):
            raise PasswordGuessable


@attrs.frozen(kw_only=True)
class RequestPasswordReset:
    """Ask for a mail with which to set another password.

    Nothing is looked up: a reaction finds out whether there is such an account, and mails its stored address.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    throttle: Throttle
    tokens: TokenIssuer

    def __call__(self, *, email: str, caller: Caller = UNKNOWN_CALLER) -> None:
        """Raises `EmailInvalid` or `TooManyRequests`."""
        address = EmailAddress.parse(email)
        demand_mail(self.throttle, self.tokens, address, *RESETS_PER_ADDRESS)
        now = self.clock.now()
        with self.unit_of_work() as work:
            work.account_requests.add(
                AccountRequest.ask(
                    id=AccountRequestId(self.identifiers.uuid()),
                    kind=RequestKind.PASSWORD_RESET,
                    email=address,
                    at=now,
                )
            )
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.PASSWORD_RESET_REQUESTED,
                    caller=caller,
                    details={"account": account_of(self.tokens, address)},
                )
            )
            work.commit()


@attrs.frozen(kw_only=True)
class ResetPassword:
    """Redeem a mailed token: another password counts, and every session ends.

    It neither logs in nor replaces a second factor.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    tokens: TokenIssuer
    gate: PasswordGate
    new_password: NewPassword

    def __call__(self, *, token: str, new_password: str, caller: Caller = UNKNOWN_CALLER) -> None:
        """Raises `TokenInvalid`, or what `NewPassword` raises; a good token survives a bad password."""
        digest = token_digest(token)
        with self.unit_of_work.reading() as work:
            request = work.account_requests.by_token(digest)
            user = work.users.get(request.user_id) if request and request.user_id else None
            factor = work.second_factors.get(user.id) if user else None
        password_hash = self.new_password(
            new_password,
            email=user.email if user else None,
            second_factor=factor is not None and factor.active,
        )
        now = self.clock.now()
        with self.unit_of_work() as work:
            lock_owner(work, user.id if user else None)
            request = work.account_requests.by_token(digest)
            if request is None:
                raise TokenInvalid
            user = work.users.get(request.redeem(RequestKind.PASSWORD_RESET, at=now))
            moved = user.email.key != request.email.key
            if moved or user.disabled_at is not None or user.password_changed_since(request.created_at):
                raise TokenInvalid
            user.change_password(password_hash, at=now)
            work.users.save(user)
            work.account_requests.save(request)
            shut_out(work, user.id, SessionEnd.PASSWORD_CHANGED, at=now)
            work.audit.append(
                AuditEvent(at=now, action=AuditAction.PASSWORD_RESET, subject_id=user.id, caller=caller)
            )
            work.commit()
        self.gate.open(account_of(self.tokens, user.email))


@attrs.frozen(kw_only=True)
class ChangePassword:
    """Set another password, knowing the present one. Every other session ends."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    hasher: PasswordHasher
    tokens: TokenIssuer
    gate: PasswordGate
    new_password: NewPassword

    def __call__(
        self,
        *,
        user_id: UserId,
        session_id: SessionId,
        current_password: str,
        new_password: str,
        device_token: str | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> None:
        """Raises `PasswordWrong`, `TooManyRequests`, or what `NewPassword` raises."""
        with self.unit_of_work.reading() as work:
            user = work.users.get(user_id)
            factor = work.second_factors.get(user_id)
        self.new_password.check(
            new_password, email=user.email, second_factor=factor is not None and factor.active
        )
        account = account_of(self.tokens, user.email)
        attempt = self.gate.enter(account, device_token=device_token, caller=caller)
        with attempt.unless_unavailable():
            right = self.hasher.verify(current_password, user.password_hash)
        if not right:
            self._note_failure(user_id, session_id, caller)
            raise PasswordWrong
        attempt.forgive()
        password_hash = self.hasher.hash(new_password)
        now = self.clock.now()
        with self.unit_of_work() as work:
            changed = work.users.get(user_id)
            if changed.password_hash != user.password_hash:
                raise PasswordWrong
            changed.change_password(password_hash, at=now)
            work.users.save(changed)
            shut_out(work, user_id, SessionEnd.PASSWORD_CHANGED, at=now, keep=session_id)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.PASSWORD_CHANGED,
                    actor_id=user_id,
                    subject_id=user_id,
                    session_id=session_id,
                    caller=caller,
                )
            )
            work.commit()

    def _note_failure(self, user_id: UserId, session_id: SessionId, caller: Caller) -> None:
        with self.unit_of_work() as work:
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.REAUTHENTICATION_FAILED,
                    actor_id=user_id,
                    subject_id=user_id,
                    session_id=session_id,
                    caller=caller,
                )
            )
            work.commit()
