"""Products and prices, as a TOML price list writes them."""

from __future__ import annotations

import re

from printapic.adapters.catalogue.strict_tables import StrictTable, blamed_on, refuse
from printapic.domain.catalogue.product import PriceStep, Product, ProductKind
from printapic.domain.catalogue.quote import MAX_TOTAL_MINOR
from printapic.domain.ids import Sku
from printapic.domain.money import Money
from printapic.domain.print_sizes import (
    Orientation,
    PrintSize,
    PrintSpecification,
    ResolutionBands,
    default_bands,
)

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_QUANTITY = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_BANDS = ("inform_dpi", "warn_dpi", "block_dpi")


def read_product(table: StrictTable) -> Product:
    """One entry of `products`."""
    specification = _specification(table)
    prices = _ladders(table.table("prices"))
    with blamed_on(table.place):
        product = Product(
            sku=Sku(table.text("sku", CODE, most=64)),
            name=table.text("name"),
            kind=table.choice("kind", ProductKind),
            paper=table.text("paper"),
            finish=table.text("finish"),
            specification=specification,
            max_copies=table.whole("max_copies", least=1, most=100_000),
            weight_g=table.whole("weight_g", least=1, most=1_000_000),
            tax_class=table.text("tax_class", CODE, most=30),
            prices=prices,
        )
    table.finish()
    return product


def _specification(table: StrictTable) -> PrintSpecification:
    trim = PrintSize(
        table.millimetres("width_mm", least=10, most=5000),
        table.millimetres("height_mm", least=10, most=5000),
    )
    safe_mm = table.millimetres("safe_mm", least=0, most=500)
    if 2 * safe_mm >= min(trim.width_mm, trim.height_mm):
        refuse(table.at("safe_mm"), "leaves no safe area")
    return PrintSpecification(
        trim=trim,
        bleed_mm=table.millimetres("bleed_mm", least=0, most=100),
        safe_mm=safe_mm,
        dpi=table.whole("dpi", least=36, most=1200),
        orientation=table.choice("orientation", Orientation),
        bands=_bands(table),
        colour_profile=table.text("colour_profile", CODE, most=30) if "colour_profile" in table else "srgb",
    )


def _bands(table: StrictTable) -> ResolutionBands:
    if ("bands" in table) == ("viewing_cm" in table):
        refuse(table.place, "must have either viewing_cm or bands")
    if "viewing_cm" in table:
        return default_bands(table.whole("viewing_cm", least=10, most=10_000))
    explicit = table.table("bands")
    with blamed_on(explicit.place):
        bands = ResolutionBands(**{name: explicit.whole(name, least=1, most=1200) for name in _BANDS})
    explicit.finish()
    return bands


def _ladders(table: StrictTable) -> dict[str, tuple[PriceStep, ...]]:
    return {currency: _ladder(table.table(currency), currency) for currency in table.filled_keys()}


def _ladder(table: StrictTable, currency: str) -> tuple[PriceStep, ...]:
    steps = []
    for quantity in table.filled_keys():
        if not _QUANTITY.fullmatch(quantity):
            refuse(table.at(quantity), "must be a number of copies")
        price = read_price(table, quantity, currency)
        if not price:
            refuse(table.at(quantity), "must not be free of charge")
        steps.append(PriceStep(int(quantity), price))
    if "1" not in {str(step.from_quantity) for step in steps}:
        refuse(table.place, "must have a price from 1 copy on")
    return tuple(sorted(steps, key=lambda step: step.from_quantity))


def read_price(table: StrictTable, key: str, currency: str) -> Money:
    """An amount in quotes, with exactly the decimals of its currency: `"0.29"`."""
    amount = table.text(key, most=20)
    with blamed_on(table.at(key)):
        price = Money.of(amount, currency)
    if not 0 <= price.minor <= MAX_TOTAL_MINOR:
        refuse(table.at(key), "must be an amount that a customer can be asked for")
    return price
