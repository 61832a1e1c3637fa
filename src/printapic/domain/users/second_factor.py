"""The second factor: codes of an authenticator app, and recovery codes for the day it is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import attrs

from printapic.domain.errors import Conflict, Denied, Invalid
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import UserId
from printapic.domain.users.events import (
    RecoveryCodeUsed,
    SecondFactorDisabled,
    SecondFactorEnabled,
    SecondFactorResetRequested,
)

ENROLMENT_LIFETIME = timedelta(minutes=30)
RESET_DELAY = timedelta(hours=72)
"""Time for the owner to object to a reset that somebody else asked for in their name."""


class SecondFactorMissing(Denied):
    """Said only after a right password, as that an account is disabled."""

    code = "mfa-required"

    def __init__(self) -> None:
        super().__init__("Please enter the code of your authenticator app too.")


class CodeInvalid(Invalid):
    code = "mfa-code-invalid"

    def __init__(self) -> None:
        super().__init__("This code is not valid (any more).")


class AlreadyEnrolled(Conflict):
    code = "mfa-already-enabled"

    def __init__(self) -> None:
        super().__init__("This account has a second factor already.")


class NotEnrolled(Conflict):
    code = "mfa-not-enabled"

    def __init__(self) -> None:
        super().__init__("This account has no second factor.")


class SecondFactorRequired(Denied):
    """A colleague's rights begin when they have enrolled a second factor and logged in with it."""

    code = "second-factor-required"

    def __init__(self) -> None:
        super().__init__("This needs a login with a second factor. Please enrol one first.")


@attrs.define(kw_only=True, eq=False)
class SecondFactor(Aggregate):
    """One user's secret, sealed, and what was used up of it.

    It counts from `confirmed_at` on, when the owner has shown that their app makes the right codes. A code
    is good once: `last_step` is the newest time step whose code was taken. `recovery` are the SHA-256s of
    the recovery codes that are left.
    """

    id: UserId = attrs.field(on_setattr=attrs.setters.frozen)
    secret_sealed: str = attrs.field(repr=False)
    created_at: datetime = attrs.field(validator=aware_utc)
    confirmed_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    last_step: int = 0
    recovery: tuple[str, ...] = attrs.field(default=(), repr=False)
    reset_due_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def enrol(cls, *, user_id: UserId, secret_sealed: str, at: datetime) -> Self:
        return cls(id=user_id, secret_sealed=secret_sealed, created_at=at)

    @property
    def active(self) -> bool:
        return self.confirmed_at is not None

    def replace(self, secret_sealed: str, *, at: datetime) -> None:
        """Begin again with another secret. Raises `AlreadyEnrolled` once it is confirmed."""
        if self.active:
            raise AlreadyEnrolled
        self.secret_sealed, self.created_at = secret_sealed, at

    def confirm(self, step: int | None, *, recovery: tuple[str, ...], at: datetime) -> None:
        """The first right code makes it count. Raises `AlreadyEnrolled` or `CodeInvalid`."""
        if self.active:
            raise AlreadyEnrolled
        if step is None or at > self.created_at + ENROLMENT_LIFETIME:
            raise CodeInvalid
        self.confirmed_at, self.last_step, self.recovery = at, step, recovery
        self._record(SecondFactorEnabled(at=at, user_id=self.id))

    def spend(self, step: int | None, recovery_sha256: str, *, at: datetime) -> bool:
        """Use up a code: the app's, of time step `step`, or a recovery code. False for a wrong or spent one.

        A right app code shows that nothing was lost, and calls a reset off.
        """
        if step is not None and step > self.last_step:
            self.last_step, self.reset_due_at = step, None
            return True
        if recovery_sha256 in self.recovery:
            self.recovery = tuple(code for code in self.recovery if code != recovery_sha256)
            self._record(RecoveryCodeUsed(at=at, user_id=self.id, left=len(self.recovery)))
            return True
        return False

    def renew_recovery(self, recovery: tuple[str, ...]) -> None:
        """Put other recovery codes in the place of all that are left."""
        self.recovery = recovery

    def request_reset(self, *, at: datetime) -> None:
        """Remove it in three days, unless its owner logs in with it before. Asking again changes nothing."""
        if self.reset_due_at is None:
            self.reset_due_at = at + RESET_DELAY
            self._record(SecondFactorResetRequested(at=at, user_id=self.id, due_at=self.reset_due_at))

    def reset_due(self, *, at: datetime) -> bool:
        return self.reset_due_at is not None and at >= self.reset_due_at

    def disable(self, *, at: datetime) -> None:
        """Say that it is about to be removed."""
        self._record(SecondFactorDisabled(at=at, user_id=self.id))
