"""The quote: what an order would cost, and the hash by which the customer accepts exactly that."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs

from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import PriceList
from printapic.domain.catalogue.product import Product
from printapic.domain.errors import Conflict, Invalid
from printapic.domain.events import aware_utc
from printapic.domain.ids import Sku
from printapic.domain.money import Currency, Money, total

QUOTE_LIFETIME = timedelta(hours=48)
MAX_LINES = 200
MAX_TOTAL_MINOR = 99_999_999
"""An order's total must fit the schema's DECIMAL(10,2); kept for currencies without decimals too."""
_HASH = re.compile(r"([0-9a-f]{9})-[0-9a-f]{64}", re.ASCII)


class QuoteInvalid(Invalid):
    code = "quote-invalid"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message, **details)


class ProductRetired(Conflict):
    code = "product-retired"

    def __init__(self, sku: Sku) -> None:
        super().__init__("This product is no longer sold.", sku=sku)


class QuoteExpired(Conflict):
    """The accepted quote is too old. `quote` is the same order at today's prices."""

    code = "quote-expired"

    def __init__(self, quote: Quote) -> None:
        super().__init__("This quote has expired; here is a new one.")
        self.quote = quote


class QuoteChanged(Conflict):
    """The accepted quote is not the one that these lines cost. `quote` is."""

    code = "quote-changed"

    def __init__(self, quote: Quote) -> None:
        super().__init__("This order costs something else than the quote says; here is the right one.")
        self.quote = quote


@attrs.frozen(kw_only=True)
class QuoteRequestLine:
    sku: Sku
    quantity: int


@attrs.frozen(kw_only=True)
class QuoteLine:
    product: Product
    quantity: int
    unit_price: Money
    line_total: Money


@attrs.frozen(kw_only=True)
class Quote:
    """`total` is what is paid: lines and shipping, less the discount. `tax` is contained in it."""

    lines: tuple[QuoteLine, ...]
    country: str
    shipping_method: str
    currency: Currency
    items_total: Money
    shipping: Money
    discount: Money
    tax: Money
    total: Money
    expires_at: datetime = attrs.field(validator=aware_utc)
    quote_hash: str


def quote(
    price_list: PriceList,
    lines: Sequence[QuoteRequestLine],
    *,
    country: str,
    shipping_method: str,
    currency: Currency,
    expires_at: datetime,
) -> Quote:
    """Price `lines` for a parcel to `country`. The expiry is cut down to whole seconds.

    Raises `QuoteInvalid`, `ProductNotFound`, `ProductRetired`, `ShippingUnavailable`,
    `CurrencyUnsupported` or `AddressInvalid`.
    """
    country_code(country)
    if not 1 <= len(lines) <= MAX_LINES:
        raise QuoteInvalid(f"An order has between 1 and {MAX_LINES} lines.", limit=MAX_LINES)
    priced = tuple(_price(price_list, line, currency) for line in lines)
    items_total = total([line.line_total for line in priced], currency)
    weight_g = sum(line.product.weight_g * line.quantity for line in priced)
    shipping = price_list.shipping_price(shipping_method, country, weight_g, currency)
    grand_total = items_total + shipping
    if grand_total.minor > MAX_TOTAL_MINOR:
        raise QuoteInvalid("This order is larger than one order can be.", limit=str(MAX_TOTAL_MINOR))
    result = Quote(
        lines=priced,
        country=country,
        shipping_method=shipping_method,
        currency=currency,
        items_total=items_total,
        shipping=shipping,
        discount=Money.zero(currency),
        tax=_contained_tax(price_list, priced, shipping, country, currency),
        total=grand_total,
        expires_at=expires_at.replace(microsecond=0),
        quote_hash="",
    )
    return attrs.evolve(result, quote_hash=_hash(result))


def accept(
    price_list: PriceList,
    lines: Sequence[QuoteRequestLine],
    *,
    quote_hash: str,
    country: str,
    shipping_method: str,
    currency: Currency,
    at: datetime,
) -> Quote:
    """The quote that the customer accepted, made again from today's price list.

    Nothing is stored for a quote: its hash carries its expiry, and any other price, product, country
    or line gives another hash. A client that computes hashes itself gains nothing but today's prices.
    Raises `QuoteChanged` or `QuoteExpired`, both with the current quote, and whatever `quote` raises.
    """

    def at_expiry(expires_at: datetime) -> Quote:
        return quote(
            price_list,
            lines,
            country=country,
            shipping_method=shipping_method,
            currency=currency,
            expires_at=expires_at,
        )

    match = _HASH.fullmatch(quote_hash)
    if match is None:
        raise QuoteChanged(at_expiry(at + QUOTE_LIFETIME))
    expires_at = datetime.fromtimestamp(int(match[1], 16), UTC)
    accepted = at_expiry(expires_at)
    if accepted.quote_hash != quote_hash or expires_at > at + QUOTE_LIFETIME:
        raise QuoteChanged(at_expiry(at + QUOTE_LIFETIME))
    if expires_at <= at:
        raise QuoteExpired(at_expiry(at + QUOTE_LIFETIME))
    return accepted


def _price(price_list: PriceList, line: QuoteRequestLine, currency: Currency) -> QuoteLine:
    product = price_list.product(line.sku)
    if product.retired_at is not None:
        raise ProductRetired(product.sku)
    if not 1 <= line.quantity <= product.max_copies:
        raise QuoteInvalid(
            f"Of this product, between 1 and {product.max_copies} copies can be ordered.",
            sku=product.sku,
            limit=product.max_copies,
        )
    unit_price = product.unit_price(line.quantity, currency)
    return QuoteLine(
        product=product,
        quantity=line.quantity,
        unit_price=unit_price,
        line_total=unit_price * line.quantity,
    )


def _contained_tax(
    price_list: PriceList, lines: Sequence[QuoteLine], shipping: Money, country: str, currency: Currency
) -> Money:
    """The tax inside gross prices, per tax class; shipping is taxed as the standard class."""
    gross = {"standard": shipping}
    for line in lines:
        tax_class = line.product.tax_class
        gross[tax_class] = gross.get(tax_class, Money.zero(currency)) + line.line_total
    taxes = []
    for tax_class, amount in gross.items():
        rate = price_list.tax_rate(country, tax_class)
        taxes.append(amount.share(rate.numerator, rate.denominator + rate.numerator))
    return total(taxes, currency)


def _hash(priced: Quote) -> str:
    """The expiry in seconds, and a SHA-256 over everything the customer saw: what it is and what it costs."""
    expiry = f"{int(priced.expires_at.timestamp()):09x}"
    parts = [
        "quote-v1", expiry, priced.country, priced.shipping_method, priced.currency.code,
        priced.shipping.amount, priced.discount.amount, priced.tax.amount, priced.total.amount,
    ]  # fmt: skip
    for line in priced.lines:
        parts += [line.product.sku, str(line.quantity), line.unit_price.amount, line.line_total.amount]
        parts += _promised(line.product)
    content = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return f"{expiry}-{hashlib.sha256(content.encode()).hexdigest()}"


def _promised(product: Product) -> list[str]:
    """The object in the customer's mind. Bleed and bands may change meanwhile: they do not see those."""
    paper = product.specification
    return [product.name, product.kind, product.paper, product.finish, str(paper.trim), paper.orientation]
