"""A price list as a JSON document, written and read by hand; see `documents`."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from printapic.adapters.persistence.sql.documents import (
    Document,
    money,
    read_specification,
    read_time,
    write_specification,
    write_time,
)
from printapic.domain.catalogue.price_list import PriceList, ShippingMethod, ShippingRate, TaxRule
from printapic.domain.catalogue.product import PriceStep, Product, ProductKind
from printapic.domain.ids import Sku


def write_price_list(price_list: PriceList) -> Document:
    """Products, shipping and taxes; version and time of loading have columns."""
    return {
        "products": [_write_product(product) for product in price_list.products],
        "shipping_methods": [_write_method(method) for method in price_list.shipping_methods],
        "taxes": [
            {"country": rule.country, "tax_class": rule.tax_class, "rate": str(rule.rate)}
            for rule in price_list.taxes
        ],
    }


def read_price_list(document: Document, *, version: str, loaded_at: datetime) -> PriceList:
    """The list that `write_price_list` wrote."""
    return PriceList(
        version=version,
        loaded_at=loaded_at,
        products=tuple(_read_product(product) for product in document["products"]),
        shipping_methods=tuple(_read_method(method) for method in document["shipping_methods"]),
        taxes=tuple(
            TaxRule(country=rule["country"], tax_class=rule["tax_class"], rate=Fraction(rule["rate"]))
            for rule in document["taxes"]
        ),
    )


def _write_product(product: Product) -> Document:
    return {
        "sku": product.sku,
        "name": product.name,
        "kind": product.kind.value,
        "paper": product.paper,
        "finish": product.finish,
        "specification": write_specification(product.specification),
        "max_copies": product.max_copies,
        "weight_g": product.weight_g,
        "tax_class": product.tax_class,
        "prices_minor": {
            currency: [[step.from_quantity, step.unit_price.minor] for step in ladder]
            for currency, ladder in product.prices.items()
        },
        "retired_at": write_time(product.retired_at),
    }


def _read_product(document: Document) -> Product:
    return Product(
        sku=Sku(document["sku"]),
        name=document["name"],
        kind=ProductKind(document["kind"]),
        paper=document["paper"],
        finish=document["finish"],
        specification=read_specification(document["specification"]),
        max_copies=document["max_copies"],
        weight_g=document["weight_g"],
        tax_class=document["tax_class"],
        prices={
            currency: tuple(PriceStep(quantity, money(minor, currency)) for quantity, minor in ladder)
            for currency, ladder in document["prices_minor"].items()
        },
        retired_at=read_time(document["retired_at"]),
    )


def _write_method(method: ShippingMethod) -> Document:
    return {
        "code": method.code,
        "name": method.name,
        "min_days": method.min_days,
        "max_days": method.max_days,
        "rates": [
            {
                "countries": list(rate.countries),
                "max_weight_g": rate.max_weight_g,
                "prices_minor": {currency: price.minor for currency, price in rate.prices.items()},
            }
            for rate in method.rates
        ],
    }


def _read_method(document: Document) -> ShippingMethod:
    return ShippingMethod(
        code=document["code"],
        name=document["name"],
        min_days=document["min_days"],
        max_days=document["max_days"],
        rates=tuple(
            ShippingRate(
                countries=tuple(rate["countries"]),
                max_weight_g=rate["max_weight_g"],
                prices={currency: money(minor, currency) for currency, minor in rate["prices_minor"].items()},
            )
            for rate in document["rates"]
        ),
    )
