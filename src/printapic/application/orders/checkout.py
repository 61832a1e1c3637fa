"""Placing orders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import attrs

from printapic.application.ports.catalogue import NoPriceList, VoucherUnknown
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.orders import OrderKeyTaken, OrderNumberTaken
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.addresses import Address
from printapic.domain.catalogue.quote import Quote, QuoteLine, QuoteRequestLine, accept
from printapic.domain.crops import CropRecipe
from printapic.domain.errors import Invalid
from printapic.domain.ids import ImageId, LineId, OrderId, Sku, UserId
from printapic.domain.images.image import Image, ImageNotFound
from printapic.domain.images.preflight import Severity, preflight
from printapic.domain.money import Currency
from printapic.domain.orders.line import OrderLine, PrintCheck
from printapic.domain.orders.order import Order, OrderAmounts

_TRIES = 3


class OrderKeyReused(Invalid):
    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before, for another order.")


@attrs.frozen(kw_only=True)
class OrderLineRequest:
    """One photo on one product. `acknowledged_warnings` are the preflight codes the customer has seen."""

    sku: Sku
    image_id: ImageId
    quantity: int
    crop: CropRecipe | None = None
    acknowledged_warnings: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True)
class Placed:
    """`replayed` is True where this key placed the order earlier."""

    order: Order
    replayed: bool


@attrs.frozen(kw_only=True)
class PlaceOrder:
    """Place the order that the customer accepted by its quote hash.

    Idempotent by (customer, `idempotency_key`): however often it is sent, at once or after a crash, one
    order exists, and every sender gets that one.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(
        self,
        *,
        customer_id: UserId,
        idempotency_key: str,
        quote_hash: str,
        lines: Sequence[OrderLineRequest],
        ship_to: Address,
        shipping_method: str,
        currency: str,
        voucher: str | None = None,
    ) -> Placed:
        """Place it, or find the one that this key placed.

        Raises `QuoteChanged`, `QuoteExpired`, whatever `quote` raises, `ImageNotFound`, `CropInvalid`,
        `PrintBlocked`, `WarningsUnacknowledged`, `OrderKeyReused`, `NoPriceList`, `VoucherUnknown`, or
        `OrderNumberTaken` where three numbers in a row were taken.
        """
        if voucher is not None:
            raise VoucherUnknown
        digest = _digest(quote_hash, lines, ship_to, shipping_method, currency)
        tries = 0
        while True:
            tries += 1
            try:
                with self.unit_of_work() as work:
                    known = work.orders.by_key(customer_id, idempotency_key)
                    if known is not None:
                        return _replayed(known, digest)
                    order = self._place(
                        work,
                        customer_id=customer_id,
                        idempotency_key=idempotency_key,
                        digest=digest,
                        quote_hash=quote_hash,
                        requested=lines,
                        ship_to=ship_to,
                        shipping_method=shipping_method,
                        currency=Currency.of(currency),
                    )
                    work.orders.add(order)
                    work.commit()
                return Placed(order=order, replayed=False)
            except (OrderNumberTaken, OrderKeyTaken):
                if tries == _TRIES:
                    raise

    def _place(
        self,
        work: UnitOfWork,
        *,
        customer_id: UserId,
        idempotency_key: str,
        digest: str,
        quote_hash: str,
        requested: Sequence[OrderLineRequest],
        ship_to: Address,
        shipping_method: str,
        currency: Currency,
    ) -> Order:
        price_list = work.price_lists.current()
        if price_list is None:
            raise NoPriceList
        now = self.clock.now()
        quote = accept(
            price_list,
            [QuoteRequestLine(sku=line.sku, quantity=line.quantity) for line in requested],
            quote_hash=quote_hash,
            country=ship_to.country,
            shipping_method=shipping_method,
            currency=currency,
            at=now,
        )
        images = work.images.many(frozenset(line.image_id for line in requested), owner_id=customer_id)
        lines = [
            self._line(images, line, priced).acknowledged(
                line.acknowledged_warnings, position=position, at=now
            )
            for position, (line, priced) in enumerate(zip(requested, quote.lines, strict=True))
        ]
        return Order.place(
            id=OrderId(self.identifiers.uuid()),
            number=self.identifiers.order_number(),
            user_id=customer_id,
            lines=lines,
            ship_to=ship_to,
            shipping_method=shipping_method,
            amounts=_amounts(quote),
            quote_hash=quote_hash,
            idempotency_key=idempotency_key,
            request_digest=digest,
            at=now,
        )

    def _line(self, images: Mapping[ImageId, Image], line: OrderLineRequest, priced: QuoteLine) -> OrderLine:
        image = images.get(line.image_id)
        if image is None:
            raise ImageNotFound(line.image_id)
        report = preflight(image.facts, line.crop, priced.product.specification)
        return OrderLine(
            id=LineId(self.identifiers.uuid()),
            sku=priced.product.sku,
            product_name=priced.product.name,
            specification=priced.product.specification,
            quantity=priced.quantity,
            unit_price=priced.unit_price,
            line_total=priced.line_total,
            image_id=image.id,
            image_sha256=image.sha256,
            crop=line.crop,
            check=PrintCheck(
                verdict=report.verdict.value,
                effective_dpi=report.dpi_shown,
                warnings=report.warnings,
                blocks=tuple(f.code for f in report.findings if f.severity is Severity.BLOCK),
            ),
        )


def _replayed(known: Order, digest: str) -> Placed:
    if known.request_digest != digest:
        raise OrderKeyReused
    return Placed(order=known, replayed=True)


def _amounts(quote: Quote) -> OrderAmounts:
    return OrderAmounts(
        items=quote.items_total,
        shipping=quote.shipping,
        discount=quote.discount,
        tax=quote.tax,
        total=quote.total,
    )


def _digest(
    quote_hash: str,
    lines: Sequence[OrderLineRequest],
    ship_to: Address,
    shipping_method: str,
    currency: str,
) -> str:
    """What a repeated request has to agree with."""
    plain = [
        quote_hash,
        [
            [
                line.sku,
                str(line.image_id),
                line.quantity,
                attrs.astuple(line.crop) if line.crop else None,
                sorted(line.acknowledged_warnings),
            ]
            for line in lines
        ],
        attrs.asdict(ship_to),
        shipping_method,
        currency,
    ]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
