"""What an order costs, and whether that follows from its lines."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from printapic.domain.money import Currency, Money, total
from printapic.domain.orders.line import OrderLine


@attrs.frozen(kw_only=True)
class OrderAmounts:
    """What the accepted quote said. `total` is what is paid; `tax` is contained in it."""

    items: Money
    shipping: Money
    discount: Money
    tax: Money
    total: Money

    @property
    def currency(self) -> Currency:
        return self.total.currency


def must_be_settled(lines: Sequence[OrderLine], amounts: OrderAmounts) -> None:
    """Refuse lines that must not be ordered as they are, and amounts that do not add up.

    Raises `PrintBlocked` or `WarningsUnacknowledged`; and `ValueError`, which is a bug of the caller.
    """
    if not lines or len({line.id for line in lines}) != len(lines):
        raise ValueError("an order has at least one line, and each of them once")
    for position, line in enumerate(lines):
        line.must_be_settled(position=position)
        if line.quantity < 1 or line.line_total != line.unit_price * line.quantity:
            raise ValueError("a line costs its unit price times its quantity")
    if total([line.line_total for line in lines], amounts.currency) != amounts.items:
        raise ValueError("the items of an order cost what its lines cost")
    if amounts.items + amounts.shipping - amounts.discount != amounts.total:
        raise ValueError("an order costs its items and shipping, less the discount")
