"""Quotes: what an order would cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody

from printapic.application.shop import Shop
from printapic.domain.catalogue.quote import Quote, QuoteRequestLine
from printapic.domain.crops import CropRecipe
from printapic.domain.ids import Sku
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import PUBLIC
from printapic.entrypoints.http.policies import public

Copies = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Fraction = float | Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,20})?(?![\s\S])")]
"""A number, or the same as decimal text."""


class CropBody(RequestBody, kw_only=True):
    """The part of the upright photo to be printed, in fractions of its width and height."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction

    example: ClassVar[Mapping[str, object]] = {"x": 0.1, "y": 0.15, "width": 0.6, "height": 0.675}

    def recipe(self) -> CropRecipe:
        """Raises `CropInvalid`."""
        return CropRecipe.of(
            Decimal(str(self.x)), Decimal(str(self.y)), Decimal(str(self.width)), Decimal(str(self.height))
        )


class QuoteLineRequest(RequestBody, kw_only=True):
    """`image_id` and `crop` may be sent already; they do not change the price."""

    sku: str
    quantity: Copies
    image_id: UUID | None = None
    crop: CropBody | None = None

    example: ClassVar[Mapping[str, object]] = {"sku": "print-10x15-glossy", "quantity": 2}


class QuoteRequest(RequestBody, kw_only=True):
    lines: list[QuoteLineRequest]
    country: str
    shipping_method: str
    currency: str
    voucher: str | None = None

    example: ClassVar[Mapping[str, object]] = {
        "lines": [{"sku": "print-10x15-glossy", "quantity": 2}],
        "country": "DE",
        "shipping_method": "standard",
        "currency": "EUR",
    }


class QuoteLineBody(ResponseBody, kw_only=True):
    sku: str
    name: str
    quantity: int
    unit_price: Amount
    line_total: Amount


class QuoteBody(ResponseBody, kw_only=True):
    """Send `quote_hash` with the order. `tax` is contained in `total`."""

    quote_hash: str
    expires_at: datetime
    country: str
    shipping_method: str
    lines: list[QuoteLineBody]
    items_total: Amount
    shipping: Amount
    discount: Amount
    tax: Amount
    total: Amount


def quote_body(quote: Quote) -> QuoteBody:
    return QuoteBody(
        quote_hash=quote.quote_hash,
        expires_at=quote.expires_at,
        country=quote.country,
        shipping_method=quote.shipping_method,
        lines=[
            QuoteLineBody(
                sku=line.product.sku,
                name=line.product.name,
                quantity=line.quantity,
                unit_price=amount(line.unit_price),
                line_total=amount(line.line_total),
            )
            for line in quote.lines
        ],
        items_total=amount(quote.items_total),
        shipping=amount(quote.shipping),
        discount=amount(quote.discount),
        tax=amount(quote.tax),
        total=amount(quote.total),
    )


class QuoteController(Controller):
    path = "/v1/quotes"
    tags = ("catalogue",)

    @post(
        operation_id="quote_order",
        summary="Say what an order would cost, for the next 48 hours",
        status_code=200,
        opt=public(problems=(404, 409, 422, 503), limits=(PUBLIC,)),
        sync_to_thread=True,
    )
    def quote(self, data: JSONBody[QuoteRequest], shop: Given[Shop]) -> QuoteBody:
        return quote_body(
            shop.quote_order(
                lines=[QuoteRequestLine(sku=Sku(line.sku), quantity=line.quantity) for line in data.lines],
                country=data.country,
                shipping_method=data.shipping_method,
                currency=data.currency,
                voucher=data.voucher,
            )
        )
