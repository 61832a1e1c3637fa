"""The states of an order and the one table of its transitions.

The state machine, `GET /v1/orders/{id}/actions`, the diagram in the README and the role tests are all
derived from `TRANSITIONS`.
"""

from __future__ import annotations

from enum import StrEnum

import attrs

from printapic.domain.actors import Role


class OrderStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    CONFIRMED = "confirmed"
    ON_HOLD = "on_hold"
    IN_PRODUCTION = "in_production"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """What moves an order. Each is also the name under which `/actions` offers it."""

    CONFIRM = "confirm"
    EXPIRE = "expire"
    CANCEL = "cancel"
    WAIVE_EDIT_WINDOW = "waive-edit-window"
    HOLD = "hold"
    RELEASE = "release"
    START_PRODUCTION = "start-production"
    ABORT = "abort"
    SHIP = "ship"
    DELIVER = "deliver"
    COMPLETE = "complete"


class HoldReason(StrEnum):
    """Why production waits. The customer resolves `PROOF` and `REPLACE_IMAGE` themselves."""

    PROOF = "proof"
    REPLACE_IMAGE = "replace_image"
    MATERIAL = "material"
    QUALITY = "quality"
    FRAUD_CHECK = "fraud_check"
    OTHER = "other"


OVER = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.COMPLETED})
"""No row of the table leads on from here."""

CUSTOMER_HOLDS = frozenset({HoldReason.PROOF, HoldReason.REPLACE_IMAGE})


@attrs.frozen
class Transition:
    """One row: in `source`, somebody with one of `roles` may pull `trigger`, which leads to `targets`.

    More than one target means that the order itself decides (shipments that cover all lines or not).
    Guards that need more than the status are in `guards.py`, one function per trigger.
    """

    source: OrderStatus
    trigger: Trigger
    targets: tuple[OrderStatus, ...]
    roles: frozenset[Role]


def _row(source: OrderStatus, trigger: Trigger, *targets: OrderStatus, by: tuple[Role, ...]) -> Transition:
    return Transition(source, trigger, targets, frozenset(by))


_S, _T, _R = OrderStatus, Trigger, Role
TRANSITIONS: tuple[Transition, ...] = (
    _row(_S.AWAITING_PAYMENT, _T.CONFIRM, _S.CONFIRMED, by=(_R.SYSTEM,)),
    _row(_S.AWAITING_PAYMENT, _T.EXPIRE, _S.EXPIRED, by=(_R.SYSTEM,)),
    _row(_S.AWAITING_PAYMENT, _T.CANCEL, _S.CANCELLED, by=(_R.CUSTOMER, _R.SUPPORT, _R.ADMIN)),
    _row(_S.CONFIRMED, _T.CANCEL, _S.CANCELLED, by=(_R.CUSTOMER, _R.SUPPORT, _R.ADMIN)),
    _row(_S.CONFIRMED, _T.WAIVE_EDIT_WINDOW, _S.CONFIRMED, by=(_R.CUSTOMER,)),
    _row(_S.CONFIRMED, _T.HOLD, _S.ON_HOLD, by=(_R.SYSTEM, _R.OPERATOR, _R.SUPPORT, _R.ADMIN)),
    _row(_S.CONFIRMED, _T.START_PRODUCTION, _S.IN_PRODUCTION, by=(_R.SYSTEM, _R.OPERATOR)),
    _row(
        _S.ON_HOLD,
        _T.RELEASE,
        _S.CONFIRMED,
        by=(_R.SYSTEM, _R.CUSTOMER, _R.OPERATOR, _R.SUPPORT, _R.ADMIN),
    ),
    _row(_S.ON_HOLD, _T.CANCEL, _S.CANCELLED, by=(_R.CUSTOMER, _R.SUPPORT, _R.ADMIN)),
    _row(_S.IN_PRODUCTION, _T.HOLD, _S.ON_HOLD, by=(_R.OPERATOR,)),
    _row(_S.IN_PRODUCTION, _T.ABORT, _S.CANCELLED, by=(_R.ADMIN,)),
    _row(_S.IN_PRODUCTION, _T.SHIP, _S.PARTIALLY_SHIPPED, _S.SHIPPED, by=(_R.OPERATOR,)),
    _row(_S.PARTIALLY_SHIPPED, _T.SHIP, _S.PARTIALLY_SHIPPED, _S.SHIPPED, by=(_R.OPERATOR,)),
    _row(
        _S.SHIPPED,
        _T.DELIVER,
        _S.SHIPPED,
        _S.DELIVERED,
        by=(_R.SYSTEM, _R.OPERATOR, _R.SUPPORT, _R.ADMIN),
    ),
    _row(
        _S.PARTIALLY_SHIPPED,
        _T.DELIVER,
        _S.PARTIALLY_SHIPPED,
        by=(_R.SYSTEM, _R.OPERATOR, _R.SUPPORT, _R.ADMIN),
    ),
    _row(_S.DELIVERED, _T.COMPLETE, _S.COMPLETED, by=(_R.SYSTEM,)),
)
_BY_SOURCE_AND_TRIGGER = {(row.source, row.trigger): row for row in TRANSITIONS}


def transition(source: OrderStatus, trigger: Trigger) -> Transition | None:
    """The row of the table, or None where the state does not know the trigger."""
    return _BY_SOURCE_AND_TRIGGER.get((source, trigger))
