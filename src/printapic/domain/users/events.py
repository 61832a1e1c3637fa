"""What happens to users."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import AccountRequestId, ApiKeyId, RegistrationId, SessionId, UserId


@attrs.frozen(kw_only=True)
class RegistrationRequested(DomainEvent):
    """Somebody wants an account. Whether the address is free is found out by the reaction alone."""

    registration_id: RegistrationId


@attrs.frozen(kw_only=True)
class AccountMailRequested(DomainEvent):
    """Somebody wants a mail about an account. Whether there is one is found out by the reaction alone."""

    request_id: AccountRequestId


@attrs.frozen(kw_only=True)
class UserVerified(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class RolesChanged(DomainEvent):
    user_id: UserId
    roles: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PasswordChanged(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class EmailChanged(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class UserDisabled(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class UserEnabled(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class ErasureRequested(DomainEvent):
    """The account is disabled for good; its data goes as soon as nothing is open any more."""

    user_id: UserId


@attrs.frozen(kw_only=True)
class ApiKeyIssued(DomainEvent):
    """From now on a machine can act in the name of `user_id`."""

    user_id: UserId
    key_id: ApiKeyId


@attrs.frozen(kw_only=True)
class UserErased(DomainEvent):
    """Whoever keeps something of this person lets go of it."""

    user_id: UserId


@attrs.frozen(kw_only=True)
class RefreshTokenReused(DomainEvent):
    """Two devices hold tokens of one session: it has ended, and its owner should know."""

    user_id: UserId
    session_id: SessionId


@attrs.frozen(kw_only=True)
class SecondFactorEnabled(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class SecondFactorDisabled(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class SecondFactorResetRequested(DomainEvent):
    user_id: UserId
    due_at: datetime


@attrs.frozen(kw_only=True)
class RecoveryCodeUsed(DomainEvent):
    user_id: UserId
    left: int
