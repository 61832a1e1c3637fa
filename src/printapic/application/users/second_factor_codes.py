"""Codes of a second factor: of this half minute from an app, or one of ten that were printed."""

from __future__ import annotations

import hashlib
import re

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.secrets import OneTimePasswords, Sealer
from printapic.application.ports.throttle import Throttle, demand
from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.application.users.limits import CODES
from printapic.application.users.shutting_out import shut_out
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.session import SessionEnd

_SEPARATORS = re.compile(r"[\s-]+")


def recovery_digest(code: str) -> str:
    """80 random bits need no slow hash. Capitals, spaces and hyphens do not matter."""
    plain = _SEPARATORS.sub("", code).lower()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def sealing_context(user_id: UserId) -> str:
    return f"second factor of {user_id}"


@attrs.frozen(kw_only=True)
class SecondFactorCodes:
    """Takes codes: counts the tries before the work, and uses up the right ones."""

    clock: Clock
    throttle: Throttle
    sealer: Sealer
    one_time_passwords: OneTimePasswords

    def count_try(self, user_id: UserId) -> None:
        """Before the unit of work, since the throttle may be far away. Raises `TooManyRequests`."""
        demand(self.throttle, f"user:{user_id}", *CODES)

    def forgive(self, user_id: UserId) -> None:
        """The code was right: the try does not count."""
        for limit in CODES:
            self.throttle.give_back(f"user:{user_id}", limit)

    def step(self, factor: SecondFactor, code: str) -> int | None:
        secret = self.sealer.unseal(factor.secret_sealed, context=sealing_context(factor.id)).decode()
        return self.one_time_passwords.step(secret, code, at=self.clock.now())

    def spend(
        self,
        work: UnitOfWork,
        factor: SecondFactor,
        code: str,
        *,
        keep: SessionId | None = None,
        caller: Caller = UNKNOWN_CALLER,
    ) -> bool:
        """Use a code up; False for a wrong or spent one. A recovery code ends all sessions but `keep`."""
        now = self.clock.now()
        codes_left = len(factor.recovery)
        if not factor.spend(self.step(factor, code), recovery_digest(code), at=now):
            return False
        work.second_factors.save(factor)
        if len(factor.recovery) < codes_left:
            shut_out(work, factor.id, SessionEnd.SECOND_FACTOR_CHANGED, at=now, keep=keep)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.RECOVERY_CODE_USED,
                    actor_id=factor.id,
                    subject_id=factor.id,
                    caller=caller,
                    details={"left": str(len(factor.recovery))},
                )
            )
        return True
