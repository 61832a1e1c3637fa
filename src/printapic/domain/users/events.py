"""What happens to users."""

from __future__ import annotations

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import RegistrationId, UserId


@attrs.frozen(kw_only=True)
class RegistrationRequested(DomainEvent):
    """Somebody wants an account. Whether the address is free is found out by the reaction alone."""

    registration_id: RegistrationId


@attrs.frozen(kw_only=True)
class UserVerified(DomainEvent):
    user_id: UserId


@attrs.frozen(kw_only=True)
class RolesGranted(DomainEvent):
    user_id: UserId
    roles: tuple[str, ...]
