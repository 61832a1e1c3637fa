"""Proving who one is: by password and code, by access token, by API key."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from functools import partial

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.secrets import ApiKeyMint
from printapic.application.ports.throttle import Throttle, TooManyRequests
from printapic.application.ports.unit_of_work import ConcurrentUpdate, UnitOfWorkFactory
from printapic.application.ports.users import PasswordHasher, TokenIssuer
from printapic.application.users.limits import KEY_REFUSALS_NOTED, PasswordGate, account_of
from printapic.application.users.principal import Principal
from printapic.application.users.proof import own_session
from printapic.application.users.second_factor_codes import SecondFactorCodes
from printapic.application.users.sessions import TokenPair, token_pair
from printapic.domain.actors import UNKNOWN_CALLER, Actor, Caller, Role
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import PrintAPicError
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.api_key import ApiKey, Refusal
from printapic.domain.users.email import EmailAddress, EmailInvalid
from printapic.domain.users.permissions import Permission, permissions
from printapic.domain.users.second_factor import CodeInvalid, SecondFactorMissing
from printapic.domain.users.session import Session, SessionInvalid
from printapic.domain.users.user import AccountDisabled, CredentialsInvalid, PasswordWrong, User

_ACCOUNT = frozenset({Permission.ACCOUNT_SELF})


@attrs.frozen(kw_only=True)
class LogIn:
    """Exchange e-mail address, password and, where the account has one, a second factor for a session.

    Every wrong pair is answered alike and after the same work, whether or not the account exists.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    hasher: PasswordHasher
    tokens: TokenIssuer
    gate: PasswordGate
    codes: SecondFactorCodes

    def __call__(
        self,
        *,
        email: str,
        password: str,
        otp: str | None = None,
        device_token: str | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> TokenPair:
        """Raises `CredentialsInvalid`, `TooManyRequests` or `HasherBusy`.

        After a right password only: `AccountDisabled`, or `SecondFactorMissing` where `otp` is needed.
        """
        address = _parsed(email)
        key = address.key if address else ""
        account = account_of(self.tokens, address)
        attempt = self.gate.enter(account, device_token=device_token, caller=caller)
        with attempt.unless_unavailable():
            with self.unit_of_work.reading() as work:
                password_hash = work.users.password_hash(key)
            right = self.hasher.verify(password, password_hash)
        if not right:
            self._note_failure(account, "password", caller)
            raise CredentialsInvalid
        attempt.forgive()
        with self.unit_of_work.reading() as work:
            user = work.users.by_email(key)
        if user is None or user.password_hash != password_hash:
            raise CredentialsInvalid  # it was changed, or the address was, while we looked
        if user.disabled_at is not None:
            self._note_failure(account, "nothing: disabled", caller)
            raise AccountDisabled
        try:
            session = self._start(user, otp, caller)
        except TooManyRequests:
            self._note_failure(account, "nothing: too many codes", caller)
            raise
        if session is None:
            self._note_failure(account, "code" if otp else "code missing", caller)
            raise CredentialsInvalid if otp else SecondFactorMissing
        if self.hasher.needs_upgrade(user.password_hash):
            self.hasher.upgrade(password, then=partial(self._keep_hash, user.id, user.password_hash))
        known = device_token if device_token and self.gate.knows(device_token, account) else None
        return attrs.evolve(
            token_pair(self.tokens, session, at=session.created_at),
            device_token=known or self.gate.device_token(str(self.identifiers.uuid()), account),
        )

    def _start(self, user: User, otp: str | None, caller: Caller) -> Session | None:
        """None for a code that is wrong or missing. Raises `TooManyRequests` for one too many."""
        with self.unit_of_work.reading() as work:
            factor = work.second_factors.get(user.id)
        if factor is not None and factor.active:
            if not otp:
                return None
            self.codes.count_try(user.id)
        now = self.clock.now()
        with self.unit_of_work() as work:
            # The password may have been changed, and the account disabled, since they were looked at.
            current = work.users.get(user.id)
            if current.password_hash != user.password_hash or current.disabled_at is not None:
                raise CredentialsInvalid
            factor = work.second_factors.get(user.id)
            proven = factor is not None and factor.active
            if (
                factor is not None
                and factor.active
                and not self.codes.spend(work, factor, otp or "", caller=caller)
            ):
                return None
            session = Session.start(
                id=SessionId(self.identifiers.uuid()),
                user_id=user.id,
                roles=current.roles,
                second_factor=proven,
                caller=caller,
                at=now,
            )
            work.sessions.add(session)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.LOGGED_IN,
                    actor_id=user.id,
                    subject_id=user.id,
                    session_id=session.id,
                    caller=caller,
                    details={"second_factor": "yes" if proven else "no"},
                )
            )
            work.commit()
        if proven:
            self.codes.forgive(user.id)
        return session

    def _note_failure(self, account: str, what: str, caller: Caller) -> None:
        """The same statements whether or not there is such an account: time would tell."""
        with self.unit_of_work() as work:
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.LOG_IN_FAILED,
                    caller=caller,
                    details={"account": account, "wrong": what},
                )
            )
            work.commit()

    def _keep_hash(self, user_id: UserId, old: str, new: str) -> None:
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            if user.rehash_password(old, new):
                work.users.save(user)
                work.commit()


@attrs.frozen(kw_only=True)
class Reauthenticate:
    """Prove in a session once more who sits at the device, before changes to the account itself."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    hasher: PasswordHasher
    tokens: TokenIssuer
    gate: PasswordGate
    codes: SecondFactorCodes

    def __call__(
        self,
        *,
        user_id: UserId,
        session_id: SessionId,
        password: str,
        otp: str | None = None,
        device_token: str | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> None:
        """Raises `PasswordWrong`, `CodeInvalid`, `SecondFactorMissing`, `TooManyRequests` or `HasherBusy`.

        None of them is a 401, at which clients throw their tokens away.
        """
        with self.unit_of_work.reading() as work:
            user = work.users.get(user_id)
            factor = work.second_factors.get(user_id)
        account = account_of(self.tokens, user.email)
        attempt = self.gate.enter(account, device_token=device_token, caller=caller)
        with attempt.unless_unavailable():
            right = self.hasher.verify(password, user.password_hash)
        refusal: PrintAPicError = PasswordWrong()
        if right:
            attempt.forgive()
            if factor is not None and factor.active:
                if otp is None:
                    raise SecondFactorMissing
                self._count_code(user_id, session_id, caller)
        now = self.clock.now()
        with self.unit_of_work() as work:
            work.users.get(user_id)
            factor = work.second_factors.get(user_id)
            proven = factor is not None and factor.active
            if right and factor is not None and factor.active:
                refusal = CodeInvalid()
                right = self.codes.spend(work, factor, otp or "", keep=session_id, caller=caller)
            if right:
                session = own_session(work, user_id, session_id, at=now)
                session.prove(second_factor=proven, at=now)
                work.sessions.save(session)
            action = AuditAction.REAUTHENTICATED if right else AuditAction.REAUTHENTICATION_FAILED
            work.audit.append(self._event(action, user_id, session_id, caller))
            work.commit()
        if not right:
            raise refusal
        if proven:
            self.codes.forgive(user_id)

    def _count_code(self, user_id: UserId, session_id: SessionId, caller: Caller) -> None:
        """Who knows the password and has used the codes up is nobody to be silent about."""
        try:
            self.codes.count_try(user_id)
        except TooManyRequests:
            with self.unit_of_work() as work:
                event = self._event(AuditAction.REAUTHENTICATION_FAILED, user_id, session_id, caller)
                work.audit.append(attrs.evolve(event, details={"wrong": "nothing: too many codes"}))
                work.commit()
            raise

    def _event(
        self, action: AuditAction, user_id: UserId, session_id: SessionId, caller: Caller
    ) -> AuditEvent:
        return AuditEvent(
            at=self.clock.now(),
            action=action,
            actor_id=user_id,
            subject_id=user_id,
            session_id=session_id,
            caller=caller,
        )


@attrs.frozen(kw_only=True)
class Authenticate:
    """Find out who carries an access token, with the session and the roles as they are now."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    tokens: TokenIssuer
    staff_need_second_factor: bool

    def __call__(self, *, access_token: str) -> Principal:
        """Raises `SessionInvalid` for any token that is not ours, not fresh, or of an ended session."""
        now = self.clock.now()
        claims = self.tokens.read_access_token(access_token, at=now)
        with self.unit_of_work.reading() as work:
            found = work.sessions.with_user(claims.session_id)
        if found is None:
            raise SessionInvalid
        session, user = found
        if user.id != claims.user_id or not session.live(at=now) or user.disabled_at is not None:
            raise SessionInvalid
        if session.first_use(claims.generation):
            self._note_use(session.id, claims.generation)
        return self._principal(session, user)

    def _principal(self, session: Session, user: User) -> Principal:
        roles = user.roles
        if self.staff_need_second_factor and user.staff and not session.second_factor:
            roles = user.roles & {Role.CUSTOMER}
        granted = permissions(roles) | _ACCOUNT
        return Principal(
            session=session.id,
            user_id=user.id,
            actor=Actor(user.id, roles),
            permissions=granted,
            withheld=permissions(user.roles) - granted,
        )

    def _note_use(self, session_id: SessionId, generation: int) -> None:
        """Its client has the newest tokens: from now on an older one is a stolen one."""
        with self.unit_of_work() as work:
            session = work.sessions.get(session_id)
            if session is not None and session.first_use(generation):
                session.use(generation, at=self.clock.now())
                work.sessions.save(session)
                work.commit()


@attrs.frozen(kw_only=True)
class AuthenticateApiKey:
    """Find out which machine carries an API key, with what the roles of its owner allow now."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    throttle: Throttle
    key_mint: ApiKeyMint

    def __call__(self, *, api_key: str, caller: Caller = UNKNOWN_CALLER) -> Principal:
        """Raises `SessionInvalid` for any key that is not ours, not alive, or not from where it may be."""
        key_id = self.key_mint.key_id(api_key)
        if key_id is None:
            raise SessionInvalid
        now = self.clock.now()
        with self.unit_of_work.reading() as work:
            found = work.api_keys.with_owner(key_id)
        if found is None:
            raise SessionInvalid
        key, owner = found
        if not hmac.compare_digest(key.sha256, hashlib.sha256(api_key.encode()).hexdigest()):
            raise SessionInvalid
        disabled = Refusal.OWNER_DISABLED if owner.disabled_at is not None else None
        refusal = key.refusal(address=caller.address, at=now) or disabled
        if refusal is not None:
            self._note_refusal(key, refusal, caller)
            raise SessionInvalid
        if key.use_is_news(at=now):
            self._note_use(key)
        return Principal(
            api_key=key.id,
            user_id=owner.id,
            actor=Actor(owner.id, key.roles(owner.roles)),
            permissions=key.scopes & owner.permissions,
        )

    def _note_refusal(self, key: ApiKey, refusal: Refusal, caller: Caller) -> None:
        """No other sign is as clear that a key has leaked, or that a machine was forgotten."""
        if not self.throttle.take(f"key:{key.id}", KEY_REFUSALS_NOTED).allowed:
            return
        with self.unit_of_work() as work:
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.API_KEY_REFUSED,
                    subject_id=key.owner_id,
                    api_key_id=key.id,
                    caller=caller,
                    details={"reason": refusal.value},
                )
            )
            work.commit()

    def _note_use(self, key: ApiKey) -> None:
        key.used(at=self.clock.now())
        with suppress(ConcurrentUpdate), self.unit_of_work() as work:
            work.api_keys.save(key)
            work.commit()


def _parsed(email: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(email)
    except EmailInvalid:
        return None
