"""What a transition needs besides the right state and role: one small function per trigger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from printapic.domain.actors import Role
from printapic.domain.orders.status import CUSTOMER_HOLDS, HoldReason, OrderStatus, Trigger


@attrs.frozen(kw_only=True)
class Circumstances:
    """What the guards look at, at one moment."""

    at: datetime
    status: OrderStatus
    expires_at: datetime
    edit_until: datetime | None
    claims_until: datetime | None
    hold_reason: HoldReason | None
    was_in_production: bool
    print_files_ready: bool
    parcels_on_their_way: bool

    @property
    def edit_window_open(self) -> bool:
        return self.edit_until is not None and self.at < self.edit_until


def obstacle(trigger: Trigger, role: Role, now: Circumstances) -> str | None:
    """The stable code of what stands in the way of somebody in this role, or None."""
    guard = _GUARDS.get(trigger)
    return guard(now, role) if guard else None


def available_until(trigger: Trigger, role: Role, now: Circumstances) -> datetime | None:
    """When time alone will take away what is available now; None where it will not."""
    if trigger is Trigger.CANCEL and now.status is OrderStatus.AWAITING_PAYMENT:
        return now.expires_at if now.at < now.expires_at else None
    if role is Role.CUSTOMER and trigger in {Trigger.CANCEL, Trigger.WAIVE_EDIT_WINDOW}:
        return now.edit_until
    return None


def _expire(now: Circumstances, role: Role) -> str | None:
    return "payment-window-open" if now.at < now.expires_at else None


def _cancel(now: Circumstances, role: Role) -> str | None:
    if now.was_in_production:
        return "production-started"
    bound_to_window = role is Role.CUSTOMER and now.status is not OrderStatus.AWAITING_PAYMENT
    return "edit-window-over" if bound_to_window and not now.edit_window_open else None


def _waive_edit_window(now: Circumstances, role: Role) -> str | None:
    return None if now.edit_window_open else "edit-window-over"


def _start_production(now: Circumstances, role: Role) -> str | None:
    if now.edit_window_open:
        return "edit-window-open"
    return None if now.print_files_ready else "print-files-not-ready"


def _release(now: Circumstances, role: Role) -> str | None:
    theirs = role is not Role.CUSTOMER or now.hold_reason in CUSTOMER_HOLDS
    return None if theirs else "hold-not-yours"


def _deliver(now: Circumstances, role: Role) -> str | None:
    return None if now.parcels_on_their_way else "nothing-on-its-way"


def _complete(now: Circumstances, role: Role) -> str | None:
    window_open = now.claims_until is not None and now.at < now.claims_until
    return "claim-window-open" if window_open else None


_GUARDS: dict[Trigger, Callable[[Circumstances, Role], str | None]] = {
    Trigger.EXPIRE: _expire,
    Trigger.CANCEL: _cancel,
    Trigger.WAIVE_EDIT_WINDOW: _waive_edit_window,
    Trigger.START_PRODUCTION: _start_production,
    Trigger.RELEASE: _release,
    Trigger.DELIVER: _deliver,
    Trigger.COMPLETE: _complete,
}
