"""The price list: one immutable, versioned document of products, shipping methods and taxes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

import attrs

from printapic.domain.catalogue.product import Product, ProductNotFound
from printapic.domain.errors import Invalid
from printapic.domain.events import aware_utc
from printapic.domain.ids import Sku
from printapic.domain.money import Currency, CurrencyUnsupported, Money


class ShippingUnavailable(Invalid):
    code = "shipping-unavailable"

    def __init__(self, method: str, country: str) -> None:
        super().__init__("This shipping method does not take such a parcel to that country.", country=country)
        self.method = method


class PriceListInvalid(Invalid):
    """A price list that contradicts itself; `message` names the place."""

    code = "price-list-invalid"


@attrs.frozen(kw_only=True)
class ShippingRate:
    """The price of a parcel of up to `max_weight_g` to one of `countries` (`*`: anywhere else)."""

    countries: tuple[str, ...]
    max_weight_g: int
    prices: dict[str, Money]

    def __attrs_post_init__(self) -> None:
        for code, price in self.prices.items():
            if price.currency.code != code or price.minor < 0:
                raise PriceListInvalid("A shipping price is negative or in another currency than it says.")


@attrs.frozen(kw_only=True)
class ShippingMethod:
    """One way to send a parcel. It arrives between `min_days` and `max_days` after it left."""

    code: str
    name: str
    min_days: int
    max_days: int
    rates: tuple[ShippingRate, ...]

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.min_days <= self.max_days:
            raise PriceListInvalid("A parcel takes at least min_days and at most max_days.")

    def rate(self, country: str, weight_g: int) -> ShippingRate | None:
        """The lightest fitting weight band of the country's own group, or else of `*`."""
        for wanted in (country, "*"):
            group = [rate for rate in self.rates if wanted in rate.countries]
            if group:
                fitting = [rate for rate in group if weight_g <= rate.max_weight_g]
                return min(fitting, key=lambda rate: rate.max_weight_g, default=None)
        return None

    def serves(self, country: str) -> bool:
        """Whether at least the lightest parcel goes there."""
        return self.rate(country, 0) is not None


@attrs.frozen(kw_only=True)
class TaxRule:
    """The rate that is contained in prices of one tax class in one country; 19/100 is 19 percent."""

    country: str
    tax_class: str
    rate: Fraction

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise PriceListInvalid("A tax rate is a fraction of the price, from 0 to less than 1.")


@attrs.frozen(kw_only=True)
class PriceList:
    """What everything costs. Raises `PriceListInvalid` for a list that contradicts itself.

    `version` is a digest of what the shop's owner wrote: the same file has the same version whenever it
    is loaded. The retired products that a list inherits from its predecessor do not enter it.
    """

    version: str
    loaded_at: datetime = attrs.field(validator=aware_utc)
    products: tuple[Product, ...]
    shipping_methods: tuple[ShippingMethod, ...]
    taxes: tuple[TaxRule, ...]
    _by_sku: dict[Sku, Product] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        by_sku = {product.sku: product for product in self.products}
        if len(by_sku) != len(self.products):
            raise PriceListInvalid("Two products of this price list have the same sku.")
        if not self.products or not self.shipping_methods:
            raise PriceListInvalid("A price list has at least one product and one shipping method.")
        if len({method.code for method in self.shipping_methods}) != len(self.shipping_methods):
            raise PriceListInvalid("Two shipping methods of this price list have the same code.")
        if len({(rule.country, rule.tax_class) for rule in self.taxes}) != len(self.taxes):
            raise PriceListInvalid("This price list has two rates for one tax class in one country.")
        object.__setattr__(self, "_by_sku", by_sku)

    @property
    def currencies(self) -> frozenset[str]:
        """What something on sale has a price in."""
        return frozenset(code for product in self.on_sale() for code in product.prices)

    def product(self, sku: str) -> Product:
        """Raises `ProductNotFound`. Retired products are found too."""
        product = self._by_sku.get(Sku(sku))
        if product is None:
            raise ProductNotFound(sku)
        return product

    def on_sale(self) -> Iterator[Product]:
        """The products that can be ordered."""
        return (product for product in self.products if product.retired_at is None)

    def shipping_method(self, code: str, country: str) -> ShippingMethod:
        """Raises `ShippingUnavailable`."""
        for method in self.shipping_methods:
            if method.code == code:
                return method
        raise ShippingUnavailable(code, country)

    def shipping_price(self, code: str, country: str, weight_g: int, currency: Currency) -> Money:
        """Raises `ShippingUnavailable` or `CurrencyUnsupported`."""
        rate = self.shipping_method(code, country).rate(country, weight_g)
        if rate is None:
            raise ShippingUnavailable(code, country)
        price = rate.prices.get(currency.code)
        if price is None:
            raise CurrencyUnsupported(currency.code)
        return price

    def tax_rate(self, country: str, tax_class: str) -> Fraction:
        """The rate contained in our prices; zero where the table says nothing."""
        for rule in self.taxes:
            if rule.country == country and rule.tax_class == tax_class:
                return rule.rate
        return Fraction(0)

    def succeed(self, previous: PriceList | None) -> PriceList:
        """This list as the successor of another: what it no longer names is kept as retired.

        A product keeps the day it was retired, and comes back on sale when a later list names it again.
        """
        if previous is None:
            return self
        gone = tuple(
            product if product.retired_at else attrs.evolve(product, retired_at=self.loaded_at)
            for product in previous.products
            if product.sku not in self._by_sku
        )
        return attrs.evolve(self, products=(*self.products, *gone))
