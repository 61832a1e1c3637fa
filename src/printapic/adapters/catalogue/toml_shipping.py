"""Shipping methods, their zones and weight bands, as a TOML price list writes them."""

from __future__ import annotations

from printapic.adapters.catalogue.strict_tables import StrictTable, blamed_on, refuse
from printapic.adapters.catalogue.toml_products import CODE, read_price
from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import ShippingMethod, ShippingRate

MAX_WEIGHT_G = 1_000_000
_ANYWHERE_ELSE = "*"

Groups = dict[str, tuple[str, ...]]
"""Names for many countries at once."""


def read_groups(table: StrictTable) -> Groups:
    """The table `country_groups`."""
    groups: Groups = {}
    for name in table.filled_keys():
        if not CODE.fullmatch(name):
            refuse(table.at(name), "must be named in small letters, unlike a country")
        countries = table.texts(name)
        with blamed_on(table.at(name)):
            groups[name] = tuple(country_code(country) for country in countries)
    return groups


def read_method(table: StrictTable, groups: Groups) -> ShippingMethod:
    """One entry of `shipping_methods`. No country may stand in two zones of it."""
    seen: set[str] = set()
    rates: list[ShippingRate] = []
    for zone in table.tables("zones"):
        countries = _countries(zone, groups)
        if again := seen.intersection(countries):
            refuse(zone.at("countries"), f"names {min(again)}, which another zone has already")
        seen.update(countries)
        rates += _rates(zone, countries)
        zone.finish()
    with blamed_on(table.place):
        method = ShippingMethod(
            code=table.text("code", CODE, most=40),
            name=table.text("name"),
            min_days=table.whole("min_days", least=0, most=365),
            max_days=table.whole("max_days", least=0, most=365),
            rates=tuple(rates),
        )
    table.finish()
    return method


def _countries(zone: StrictTable, groups: Groups) -> tuple[str, ...]:
    countries: list[str] = []
    for name in zone.texts("countries"):
        if name in groups:
            countries += groups[name]
        elif name == _ANYWHERE_ELSE:
            countries.append(name)
        else:
            with blamed_on(zone.at("countries")):
                countries.append(country_code(name))
    if len(set(countries)) != len(countries):
        refuse(zone.at("countries"), "names a country twice")
    return tuple(sorted(countries))


def _rates(zone: StrictTable, countries: tuple[str, ...]) -> list[ShippingRate]:
    rates: list[ShippingRate] = []
    lightest = 1
    for band in zone.tables("bands"):
        max_weight_g = band.whole("max_weight_g", least=lightest, most=MAX_WEIGHT_G)
        prices = band.table("prices")
        rates.append(
            ShippingRate(
                countries=countries,
                max_weight_g=max_weight_g,
                prices={
                    currency: read_price(prices, currency, currency) for currency in prices.filled_keys()
                },
            )
        )
        lightest = max_weight_g + 1
        band.finish()
    return rates
