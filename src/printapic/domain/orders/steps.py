"""One step in the life of an order: offered, refused, or taken and written down."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.actors import Role
from printapic.domain.errors import Conflict, Denied
from printapic.domain.events import aware_utc
from printapic.domain.ids import UserId
from printapic.domain.orders.status import OrderStatus, Trigger


class TransitionRefused(Conflict):
    """The order's state, or a guard, does not allow this now. `reason` is the guard's stable code."""

    code = "order-transition-refused"

    def __init__(self, trigger: Trigger, status: OrderStatus, reason: str) -> None:
        super().__init__(
            f"The order cannot do '{trigger}' now.", trigger=trigger.value, status=status.value, reason=reason
        )
        self.reason = reason


class TransitionDenied(Denied):
    code = "order-transition-denied"

    def __init__(self, trigger: Trigger) -> None:
        super().__init__(f"You are not the one who may do '{trigger}'.", trigger=trigger.value)


@attrs.frozen(kw_only=True)
class HistoryEntry:
    """One row of the order's history. The first one has no `source`."""

    source: OrderStatus | None
    target: OrderStatus
    trigger: str
    actor_id: UserId | None
    role: Role
    reason: str | None = None
    at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class Action:
    """Whether one caller may pull one trigger now: if not, why; if so, and the chance ends, until when."""

    trigger: Trigger
    available: bool
    reason_code: str | None = None
    until: datetime | None = None
