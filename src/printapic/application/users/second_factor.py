"""Second factors: enrolling an authenticator app, codes, recovery codes, and the way back without them."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.secrets import Enrolment, OneTimePasswords, Sealer
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.users.proof import demand_actors_proof, demand_recent_proof, own_session
from printapic.application.users.second_factor_codes import (
    SecondFactorCodes,
    recovery_digest,
    sealing_context,
)
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.second_factor import CodeInvalid, NotEnrolled, SecondFactor
from printapic.domain.users.session import SessionEnd
from printapic.domain.users.user import OwnRoles


@attrs.frozen(kw_only=True)
class SecondFactorState:
    """What owners see of their second factor. `reset_due_at` is set where somebody asked to remove it."""

    enabled: bool
    recovery_codes_left: int = 0
    reset_due_at: datetime | None = None


@attrs.frozen(kw_only=True)
class ReadSecondFactor:
    """Whether a login needs a code, and how many recovery codes are left."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, user_id: UserId) -> SecondFactorState:
        with self.unit_of_work.reading() as work:
            factor = work.second_factors.get(user_id)
        if factor is None or not factor.active:
            return SecondFactorState(enabled=False)
        return SecondFactorState(
            enabled=True, recovery_codes_left=len(factor.recovery), reset_due_at=factor.reset_due_at
        )


@attrs.frozen(kw_only=True)
class EnrolSecondFactor:
    """Begin: a secret for the authenticator app. It counts when the first right code has come back."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    sealer: Sealer
    one_time_passwords: OneTimePasswords

    def __call__(self, *, user_id: UserId, session_id: SessionId) -> tuple[str, Enrolment]:
        """The secret in base 32, and the same for an app to read.

        Raises `ReauthenticationRequired` or `AlreadyEnrolled`.
        """
        secret = self.one_time_passwords.new_secret()
        sealed = self.sealer.seal(secret.encode(), context=sealing_context(user_id))
        now = self.clock.now()
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            demand_recent_proof(work, user_id, session_id, at=now)
            factor = work.second_factors.get(user_id)
            if factor is None:
                work.second_factors.add(SecondFactor.enrol(user_id=user_id, secret_sealed=sealed, at=now))
            else:
                factor.replace(sealed, at=now)
                work.second_factors.save(factor)
            work.commit()
        return secret, self.one_time_passwords.enrolment(secret, account=user.email.address)


@attrs.frozen(kw_only=True)
class ConfirmSecondFactor:
    """Show that the app makes the right codes: from now on each login needs one. Other sessions end."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    codes: SecondFactorCodes

    def __call__(
        self, *, user_id: UserId, session_id: SessionId, code: str, caller: Caller = UNKNOWN_CALLER
    ) -> tuple[str, ...]:
        """The recovery codes, which are never shown again.

        Raises `NotEnrolled`, `AlreadyEnrolled`, `CodeInvalid`, `ReauthenticationRequired` or
        `TooManyRequests`.
        """
        now = self.clock.now()
        _count_try(self.unit_of_work, self.codes, user_id, session_id, at=now)
        recovery = self.codes.one_time_passwords.recovery_codes()
        with self.unit_of_work() as work:
            work.users.get(user_id)
            session = own_session(work, user_id, session_id, at=now)
            session.demand_recent_proof(at=now)
            factor = work.second_factors.get(user_id)
            if factor is None:
                raise NotEnrolled
            step = self.codes.step(factor, code)
            factor.confirm(step, recovery=tuple(map(recovery_digest, recovery)), at=now)
            work.second_factors.save(factor)
            session.prove(second_factor=True, at=now)
            work.sessions.save(session)
            shut_out(work, user_id, SessionEnd.SECOND_FACTOR_CHANGED, at=now, keep=session_id)
            work.audit.append(_event(AuditAction.MFA_ENROLLED, user_id, session_id, caller, self.clock))
            work.commit()
        self.codes.forgive(user_id)
        return recovery


@attrs.frozen(kw_only=True)
class DisableSecondFactor:
    """Log in with the password alone again. Every other session ends."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    codes: SecondFactorCodes

    def __call__(
        self, *, user_id: UserId, session_id: SessionId, code: str, caller: Caller = UNKNOWN_CALLER
    ) -> None:
        """Raises `NotEnrolled`, `CodeInvalid`, `ReauthenticationRequired` or `TooManyRequests`."""
        now = self.clock.now()
        _count_try(self.unit_of_work, self.codes, user_id, session_id, at=now)
        with self.unit_of_work() as work:
            work.users.get(user_id)
            demand_recent_proof(work, user_id, session_id, at=now)
            factor = work.second_factors.get(user_id)
            if factor is None or not factor.active:
                raise NotEnrolled
            right = self.codes.spend(work, factor, code, keep=session_id, caller=caller)
            if right:
                factor.disable(at=now)
                work.second_factors.remove(factor)
                session = own_session(work, user_id, session_id, at=now)
                session.second_factor = False
                work.sessions.save(session)
                shut_out(work, user_id, SessionEnd.SECOND_FACTOR_CHANGED, at=now, keep=session_id)
            action = AuditAction.MFA_DISABLED if right else AuditAction.REAUTHENTICATION_FAILED
            work.audit.append(_event(action, user_id, session_id, caller, self.clock))
            work.commit()
        if not right:
            raise CodeInvalid
        self.codes.forgive(user_id)


@attrs.frozen(kw_only=True)
class RenewRecoveryCodes:
    """Ten new recovery codes; the old ones are worthless."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    codes: SecondFactorCodes

    def __call__(
        self, *, user_id: UserId, session_id: SessionId, caller: Caller = UNKNOWN_CALLER
    ) -> tuple[str, ...]:
        """Raises `NotEnrolled` or `ReauthenticationRequired`."""
        recovery = self.codes.one_time_passwords.recovery_codes()
        now = self.clock.now()
        with self.unit_of_work() as work:
            work.users.get(user_id)
            demand_recent_proof(work, user_id, session_id, at=now)
            factor = work.second_factors.get(user_id)
            if factor is None or not factor.active:
                raise NotEnrolled
            factor.renew_recovery(tuple(map(recovery_digest, recovery)))
            work.second_factors.save(factor)
            work.audit.append(
                _event(AuditAction.RECOVERY_CODES_RENEWED, user_id, session_id, caller, self.clock)
            )
            work.commit()
        return recovery


@attrs.frozen(kw_only=True)
class ResetSecondFactor:
    """Help somebody who has lost app and codes: the factor goes in three days, and its owner is told now.

    `session_id` is where `actor_id` has proven lately who they are. Without it the shop's own machine acts,
    where whoever calls could change the database as well; `at_once` is for it alone.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        session_id: SessionId | None = None,
        at_once: bool = False,
        caller: Caller = UNKNOWN_CALLER,
    ) -> SecondFactor:
        """The factor, with the moment when it goes.

        Raises `OwnRoles`, since whoever has the code can disable it, `UserNotFound`, `NotEnrolled`,
        `ReauthenticationRequired` or `SessionInvalid`.
        """
        if user_id == actor_id:
            raise OwnRoles
        now = self.clock.now()
        with self.unit_of_work() as work:
            work.users.get(user_id)
            demand_actors_proof(work, actor_id, session_id, at=now)
            factor = work.second_factors.get(user_id)
            if factor is None or not factor.active:
                raise NotEnrolled
            if at_once:
                _remove(work, factor, self.clock)
            else:
                factor.request_reset(at=now)
                work.second_factors.save(factor)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.MFA_RESET,
                    actor_id=actor_id,
                    subject_id=user_id,
                    session_id=session_id,
                    caller=caller,
                    details={"when": "now" if at_once else "in 72 hours"},
                )
            )
            work.commit()
        return factor


@attrs.frozen(kw_only=True)
class FinishSecondFactorReset:
    """Reaction: remove the factor when its owner did not object in time."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, user_id: UserId) -> None:
        with self.unit_of_work() as work:
            work.users.get(user_id)
            factor = work.second_factors.get(user_id)
            if factor is None or not factor.reset_due(at=self.clock.now()):
                return
            _remove(work, factor, self.clock)
            work.commit()


def _count_try(
    unit_of_work: UnitOfWorkFactory,
    codes: SecondFactorCodes,
    user_id: UserId,
    session_id: SessionId,
    *,
    at: datetime,
) -> None:
    """Proof comes first: who has no more than a stolen token must not use up the tries of its owner.

    What is found here may have changed by the time that the code is looked at, and is asked for again then.
    """
    with unit_of_work.reading() as work:
        demand_recent_proof(work, user_id, session_id, at=at)
    codes.count_try(user_id)


def _remove(work: UnitOfWork, factor: SecondFactor, clock: Clock) -> None:
    now = clock.now()
    factor.disable(at=now)
    work.second_factors.remove(factor)
    shut_out(work, factor.id, SessionEnd.SECOND_FACTOR_CHANGED, at=now)
    work.audit.append(AuditEvent(at=now, action=AuditAction.MFA_DISABLED, subject_id=factor.id))


def _event(
    action: AuditAction, user_id: UserId, session_id: SessionId, caller: Caller, clock: Clock
) -> AuditEvent:
    return AuditEvent(
        at=clock.now(),
        action=action,
        actor_id=user_id,
        subject_id=user_id,
        session_id=session_id,
        caller=caller,
    )
