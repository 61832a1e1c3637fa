"""The catalogue: products and ways to send them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath, QueryParameter

from printapic.application.shop import Shop
from printapic.domain.addresses import country_code
from printapic.domain.catalogue.price_list import ShippingMethod
from printapic.domain.catalogue.product import Product
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import PUBLIC
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, page, text_of
from printapic.entrypoints.http.policies import public
from printapic.entrypoints.http.preconditions import NOT_CHANGED, etag, unchanged

_CACHED = "public, max-age=60"


class PriceStepBody(ResponseBody, kw_only=True):
    """What one copy costs from `from_quantity` copies on."""

    from_quantity: int
    unit_price: Amount


class ProductBody(ResponseBody, kw_only=True):
    """`trim_mm` is the paper after cutting, width by height; `prices` are by currency, tax included."""

    sku: str
    name: str
    kind: str
    paper: str
    finish: str
    trim_mm: list[str]
    bleed_mm: str
    safe_mm: str
    dpi: int
    orientation: str
    max_copies: int
    weight_g: int
    prices: dict[str, list[PriceStepBody]]
    retired_at: datetime | None


class ShippingRateBody(ResponseBody, kw_only=True):
    """The price of a parcel of up to `max_weight_g`."""

    max_weight_g: int
    prices: dict[str, Amount]


class ShippingMethodBody(ResponseBody, kw_only=True):
    """A parcel arrives between `min_days` and `max_days` after it left."""

    code: str
    name: str
    min_days: int
    max_days: int
    rates: list[ShippingRateBody]


def product_body(product: Product) -> ProductBody:
    paper = product.specification
    return ProductBody(
        sku=product.sku,
        name=product.name,
        kind=product.kind.value,
        paper=product.paper,
        finish=product.finish,
        trim_mm=[str(paper.trim.width_mm), str(paper.trim.height_mm)],
        bleed_mm=str(paper.bleed_mm),
        safe_mm=str(paper.safe_mm),
        dpi=paper.dpi,
        orientation=paper.orientation.value,
        max_copies=product.max_copies,
        weight_g=product.weight_g,
        prices={
            currency: [
                PriceStepBody(from_quantity=step.from_quantity, unit_price=amount(step.unit_price))
                for step in ladder
            ]
            for currency, ladder in product.prices.items()
        },
        retired_at=product.retired_at,
    )


def shipping_body(method: ShippingMethod, country: str) -> ShippingMethodBody:
    """What a method costs to one country: its own group of rates, or else that of everywhere."""
    own = [rate for rate in method.rates if country in rate.countries]
    rates = own or [rate for rate in method.rates if "*" in rate.countries]
    return ShippingMethodBody(
        code=method.code,
        name=method.name,
        min_days=method.min_days,
        max_days=method.max_days,
        rates=[
            ShippingRateBody(
                max_weight_g=rate.max_weight_g,
                prices={currency: amount(price) for currency, price in rate.prices.items()},
            )
            for rate in sorted(rates, key=lambda rate: rate.max_weight_g)
        ],
    )


class CatalogueController(Controller):
    path = "/v1"
    tags = ("catalogue",)

    @get(
        "/products",
        operation_id="list_products",
        summary="List everything that can be ordered",
        opt=public(problems=(422, 503), limits=(PUBLIC,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def products(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response[Page[ProductBody]]:
        after = text_of(cursor, request)
        price_list = shop.read_price_list()
        if unchanged(request, etag(price_list.version)):
            return _cached(None, price_list.version)
        on_sale = list(price_list.on_sale())
        skus = [str(product.sku) for product in on_sale]
        start = skus.index(after) + 1 if after in skus else 0
        found = on_sale[start : start + limit + 1]
        shown = page(found, limit, request, show=product_body, key=lambda product: product.sku)
        return _cached(shown, price_list.version)

    @get(
        "/products/{sku:str}",
        operation_id="read_product",
        summary="Read one product, also one that is no longer sold",
        opt=public(problems=(404, 503), limits=(PUBLIC,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def product(
        self, request: Request[Any, Any, Any], sku: FromPath[str], shop: Given[Shop]
    ) -> Response[ProductBody]:
        price_list = shop.read_price_list()
        product = price_list.product(sku)
        known = unchanged(request, etag(price_list.version))
        return _cached(None if known else product_body(product), price_list.version)

    @get(
        "/shipping-methods",
        operation_id="list_shipping_methods",
        summary="List the ways to send a parcel to a country",
        opt=public(problems=(422, 503), limits=(PUBLIC,)),
        sync_to_thread=True,
    )
    def shipping_methods(
        self,
        shop: Given[Shop],
        country: Annotated[str, QueryParameter(description="ISO 3166-1 alpha-2, such as `DE`.")],
    ) -> Response[Page[ShippingMethodBody]]:
        wanted = country_code(country)
        price_list = shop.read_price_list()
        methods = [method for method in price_list.shipping_methods if method.serves(wanted)]
        shown = Page(items=[shipping_body(method, wanted) for method in methods])
        return Response(shown, headers={"Cache-Control": _CACHED})


def _cached(content: Any, version: str) -> Response[Any]:
    headers = {"Cache-Control": _CACHED, "ETag": etag(version)}
    return Response(content, status_code=304 if content is None else 200, headers=headers)
