"""What PayPal keeps about a checkout. Statuses are PayPal's own words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.money import Money


class Means(StrEnum):
    """What the customer chose on the page decides what becomes of the shop's call to take the money."""

    GOOD = "good"
    DECLINED = "declined"
    CHALLENGED = "challenged"
    REFUSED = "refused"
    SLOW = "slow"


@attrs.define(kw_only=True)
class Order:
    """`paid` is what the customer gives, where that is not what was asked for. `gone` ones are deleted."""

    id: str
    intent: str
    status: str
    amount: Money
    paid: Money | None = None
    means: Means = Means.GOOD
    wallet: bool
    reference_id: str
    custom_id: str | None
    invoice_id: str | None
    description: str | None
    authorization_id: str | None = None
    approved: bool = False
    refusals: int = 0
    gone: bool = False
    created_at: datetime
    updated_at: datetime

    @property
    def waits_for_customer(self) -> bool:
        return self.status in ("CREATED", "SAVED", "PAYER_ACTION_REQUIRED")

    @property
    def open(self) -> bool:
        """The page lets the customer choose how to pay, or choose again what will not do."""
        in_vain = self.means in (Means.DECLINED, Means.CHALLENGED) and self.status == "APPROVED"
        return self.waits_for_customer or in_vain


@attrs.define(kw_only=True)
class Authorization:
    """`empty`: the customer has no money any more, which shows once PayPal does not answer for it."""

    id: str
    order_id: str
    status: str
    amount: Money
    custom_id: str | None
    invoice_id: str | None
    expires_at: datetime
    expired: bool = False
    empty: bool = False
    created_at: datetime
    updated_at: datetime


@attrs.define(kw_only=True)
class Capture:
    """Money taken, less `fee`. `reason` says why it is pending."""

    id: str
    order_id: str
    authorization_id: str | None
    status: str
    reason: str | None = None
    amount: Money
    fee: Money
    final: bool
    custom_id: str | None
    invoice_id: str | None
    created_at: datetime
    updated_at: datetime


@attrs.define(kw_only=True)
class Refund:
    """`total` is what the capture gave back with this refund and all before it."""

    id: str
    order_id: str
    capture_id: str
    status: str
    amount: Money
    total: Money
    custom_id: str | None
    invoice_id: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime


@attrs.define(kw_only=True)
class MoneyMovement:
    """PayPal gives these no id."""

    party: str
    kind: str
    reason: str
    amount: Money
    at: datetime


@attrs.define(kw_only=True)
class Dispute:
    id: str
    order_id: str
    capture_id: str
    status: str
    state: str
    stage: str
    channel: str
    reason: str
    outcome: str | None = None
    amount: Money
    movements: list[MoneyMovement] = attrs.field(factory=list)
    respond_by: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def took_money(self) -> bool:
        return any(movement.party == "SELLER" for movement in self.movements)


@attrs.define(kw_only=True)
class Line:
    """A line of PayPal's books as its report has it: `fee` is negative where PayPal kept something.

    `ref` is what a dispute's movement is called elsewhere, which the report does not tell.
    """

    id: str
    code: str
    about: str | None = None
    ref: str
    amount: Money
    fee: Money | None = None
    status: str = "S"
    custom_id: str | None = None
    invoice_id: str | None = None
    affects_balance: bool = True
    hidden: bool = False
    at: datetime
