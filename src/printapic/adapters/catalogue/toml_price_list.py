"""Price lists written as TOML. `starter.toml`, beside this file, is the example to copy."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from importlib.resources import files
from typing import Any

import attrs

from printapic.adapters.catalogue.strict_tables import StrictTable, blamed_on, refuse
from printapic.adapters.catalogue.toml_products import CODE, read_product
from printapic.adapters.catalogue.toml_shipping import read_groups, read_method
from printapic.application.ports.catalogue import PriceListReader
from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import PriceList, PriceListInvalid, ShippingMethod, TaxRule
from printapic.domain.catalogue.product import Product

FORMAT = 1
MAX_CHARACTERS = 1_000_000
"""A list of two thousand products has about as many; anything longer is not a price list."""
MAX_LINE = 500
"""A dotted key costs the parser the square of its length, and stands on one line."""
SHIPPING_TAX_CLASS = "standard"
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)


class TomlPriceListReader(PriceListReader):
    """Reads the format of `starter.toml`, and refuses every key it does not know.

    The version is a SHA-256 of what the list says, not of how it is written: comments, blanks, the
    order of keys and the names of country groups do not change it. The order of products does.
    """

    def read(self, document: str, *, at: datetime) -> PriceList:
        """Raises `PriceListInvalid`; its detail `place` is written as `products[3].prices.EUR`."""
        root = StrictTable(_parse(document))
        root.whole("format", least=FORMAT, most=FORMAT)
        groups = read_groups(root.table("country_groups")) if "country_groups" in root else {}
        products = tuple(read_product(table) for table in root.tables("products"))
        methods = tuple(read_method(table, groups) for table in root.tables("shipping_methods"))
        taxes = _taxes(root.table("taxes"))
        root.finish()
        _check_tax_classes(products, taxes)
        _check_no_name_twice("products", "sku", [product.sku for product in products])
        _check_no_name_twice("shipping_methods", "code", [method.code for method in methods])
        with blamed_on(""):
            return PriceList(
                version=_version(products, methods, taxes),
                loaded_at=at,
                products=products,
                shipping_methods=methods,
                taxes=taxes,
            )

    def starter(self, *, at: datetime) -> PriceList:
        document = files("printapic.adapters.catalogue").joinpath("starter.toml").read_text("utf-8")
        return self.read(document, at=at)


def _parse(document: str) -> dict[str, Any]:
    if len(document) > MAX_CHARACTERS:
        raise PriceListInvalid(f"A price list has at most {MAX_CHARACTERS} characters.")
    for number, line in enumerate(document.split("\n"), start=1):
        if len(line) > MAX_LINE:
            raise PriceListInvalid(f"Line {number} is longer than {MAX_LINE} characters.")
    try:
        return tomllib.loads(document.removeprefix("\ufeff"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as mistake:
        # Besides its own error the parser lets through what its parts raise: numbers without end, depth.
        raise PriceListInvalid(f"This is not a TOML document: {str(mistake)[:200]}") from None


def _taxes(table: StrictTable) -> tuple[TaxRule, ...]:
    rules = []
    for tax_class in table.filled_keys():
        if not CODE.fullmatch(tax_class):
            refuse(table.at(tax_class), "must be named in small letters")
        rates = table.table(tax_class)
        for country in rates.filled_keys():
            percent = rates.text(country, _PERCENT)
            with blamed_on(rates.at(country)):
                rules.append(
                    TaxRule(
                        country=country_code(country),
                        tax_class=tax_class,
                        rate=Fraction(Decimal(percent)) / 100,
                    )
                )
    return tuple(sorted(rules, key=lambda rule: (rule.tax_class, rule.country)))


def _check_tax_classes(products: tuple[Product, ...], taxes: tuple[TaxRule, ...]) -> None:
    """A tax class that no rate mentions is a slip of the pen, and would be sold untaxed."""
    known = {rule.tax_class for rule in taxes}
    if SHIPPING_TAX_CLASS not in known:
        refuse("taxes", f"must have the class {SHIPPING_TAX_CLASS}, which shipping belongs to")
    for index, product in enumerate(products):
        if product.tax_class not in known:
            refuse(f"products[{index}].tax_class", "is not a class of the tax table")


def _check_no_name_twice(array: str, key: str, names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            refuse(f"{array}[{index}].{key}", "is the name of an earlier entry, too")


def _version(
    products: tuple[Product, ...], methods: tuple[ShippingMethod, ...], taxes: tuple[TaxRule, ...]
) -> str:
    content = {
        "format": FORMAT,
        "products": [attrs.asdict(product, value_serializer=_plain) for product in products],
        "shipping_methods": [attrs.asdict(method, value_serializer=_plain) for method in methods],
        "taxes": [attrs.asdict(rule, value_serializer=_plain) for rule in taxes],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(instance: object, attribute: object, value: object) -> object:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case Fraction():
            return str(value)
        case StrEnum():
            return value.value
    return value
