"""Small price lists to ask questions of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from printapic.domain.catalogue.price_list import PriceList, ShippingMethod, ShippingRate, TaxRule
from printapic.domain.catalogue.product import PriceStep, Product, ProductKind
from printapic.domain.ids import Sku
from printapic.domain.money import Currency, Money
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, default_bands

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EUR = Currency.of("EUR")
JPY = Currency.of("JPY")


def ladder(currency: str, *steps: tuple[int, int]) -> tuple[PriceStep, ...]:
    """Steps of (from how many copies, minor units)."""
    return tuple(PriceStep(quantity, Money(minor, Currency.of(currency))) for quantity, minor in steps)


def product(
    sku: str = "print-10x15-glossy",
    *,
    name: str = "Print 10 by 15 cm",
    prices: dict[str, tuple[PriceStep, ...]] | None = None,
    max_copies: int = 1000,
    weight_g: int = 4,
    tax_class: str = "standard",
    paper: str = "Photo paper",
    finish: str = "glossy",
    width_mm: int = 100,
    kind: ProductKind = ProductKind.PRINT,
    orientation: Orientation = Orientation.EITHER,
    retired_at: datetime | None = None,
) -> Product:
    return Product(
        sku=Sku(sku),
        name=name,
        kind=kind,
        paper=paper,
        finish=finish,
        specification=PrintSpecification(
            trim=PrintSize(Decimal(width_mm), Decimal(150)),
            bleed_mm=Decimal(3),
            safe_mm=Decimal(4),
            dpi=300,
            orientation=orientation,
            bands=default_bands(29),
        ),
        max_copies=max_copies,
        weight_g=weight_g,
        tax_class=tax_class,
        prices=prices or {"EUR": ladder("EUR", (1, 29), (50, 23)), "JPY": ladder("JPY", (1, 45))},
        retired_at=retired_at,
    )


def rate(countries: Sequence[str], max_weight_g: int, **prices: int) -> ShippingRate:
    return ShippingRate(
        countries=tuple(countries),
        max_weight_g=max_weight_g,
        prices={code: Money(minor, Currency.of(code)) for code, minor in prices.items()},
    )


def method(code: str = "standard", *, rates: Sequence[ShippingRate] | None = None) -> ShippingMethod:
    return ShippingMethod(
        code=code,
        name=code.title(),
        min_days=2,
        max_days=4,
        rates=tuple(rates)
        if rates is not None
        else (
            rate(["DE"], 5000, EUR=495, JPY=800),
            rate(["DE"], 500, EUR=295, JPY=500),
            rate(["AT", "FR"], 5000, EUR=995, JPY=1600),
            rate(["*"], 1000, EUR=1995, JPY=3200),
        ),
    )


def tax(country: str, percent: str, tax_class: str = "standard") -> TaxRule:
    return TaxRule(country=country, tax_class=tax_class, rate=Fraction(Decimal(percent)) / 100)


def price_list(
    *products: Product,
    methods: Sequence[ShippingMethod] | None = None,
    taxes: Sequence[TaxRule] | None = None,
    version: str = "v1",
    loaded_at: datetime = NOON,
) -> PriceList:
    return PriceList(
        version=version,
        loaded_at=loaded_at,
        products=products or (product(),),
        shipping_methods=tuple(methods) if methods is not None else (method(), method("express")),
        taxes=tuple(taxes) if taxes is not None else (tax("DE", "19"), tax("FI", "25.5"), tax("CH", "8.1")),
    )
