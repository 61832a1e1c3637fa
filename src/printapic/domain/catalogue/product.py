"""A product: one way to print one photo."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.errors import NotFound
from printapic.domain.events import aware_utc
from printapic.domain.ids import Sku
from printapic.domain.money import Currency, CurrencyUnsupported, Money
from printapic.domain.print_sizes import PrintSpecification


class ProductNotFound(NotFound):
    code = "product-not-found"

    def __init__(self, sku: str) -> None:
        super().__init__("There is no such product.", sku=sku)


class ProductKind(StrEnum):
    PRINT = "print"
    ENLARGEMENT = "enlargement"
    POSTER = "poster"
    CANVAS = "canvas"


@attrs.frozen
class PriceStep:
    """The unit price from `from_quantity` copies on."""

    from_quantity: int
    unit_price: Money


def _ascending(instance: object, attribute: object, ladders: dict[str, tuple[PriceStep, ...]]) -> None:
    for code, ladder in ladders.items():
        steps = [step.from_quantity for step in ladder]
        if not steps or steps[0] != 1 or steps != sorted(set(steps)):
            raise ValueError(f"the {code} price ladder must start at 1 and ascend")
        if any(step.unit_price.currency.code != code or step.unit_price.minor < 0 for step in ladder):
            raise ValueError(f"the {code} price ladder holds a price that is negative or in another currency")


@attrs.frozen(kw_only=True)
class Product:
    """Everything the shop and the printer know of one sku.

    `prices` maps a currency code to a ladder of unit prices by quantity. A retired product cannot be
    ordered, and stays readable on old orders, which froze their own copy.
    """

    sku: Sku
    name: str
    kind: ProductKind
    paper: str
    finish: str
    specification: PrintSpecification
    max_copies: int
    weight_g: int
    tax_class: str
    prices: dict[str, tuple[PriceStep, ...]] = attrs.field(validator=_ascending)
    retired_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    def __attrs_post_init__(self) -> None:
        if self.max_copies < 1 or self.weight_g < 0:
            raise ValueError("a product can be ordered at least once, and weighs something")

    def unit_price(self, quantity: int, currency: Currency) -> Money:
        """The price of one copy when `quantity`, one or more, are ordered. Raises `CurrencyUnsupported`."""
        if quantity < 1:
            raise ValueError("nobody orders fewer than one copy")
        ladder = self.prices.get(currency.code)
        if ladder is None:
            raise CurrencyUnsupported(currency.code)
        return next(step.unit_price for step in reversed(ladder) if quantity >= step.from_quantity)
