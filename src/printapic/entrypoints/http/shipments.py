"""Shipments: the parcels in which an order leaves the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import LineId, OrderId, ShipmentId
from printapic.domain.orders.shipment import ShippedItem
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import RequestBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.idempotency import keyed
from printapic.entrypoints.http.order_bodies import (
    OrderBody,
    ShipmentBody,
    ShippedItemBody,
    shipment_body,
)
from printapic.entrypoints.http.order_commands import REFUSALS, changed
from printapic.entrypoints.http.orders import READERS
from printapic.entrypoints.http.pages import Page
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import IfMatch, versions


class ShipRequest(RequestBody, kw_only=True):
    """Without `items`, everything that has not left yet."""

    carrier: str
    tracking_number: str | None = None
    tracking_url: str | None = None
    items: list[ShippedItemBody] | None = None

    # What carriers give out may be as long as a card number, and every tenth of those passes its check.
    any_digits: ClassVar[frozenset[str]] = frozenset({"tracking_number", "tracking_url"})
    example: ClassVar[Mapping[str, object]] = {
        "carrier": "DHL",
        "tracking_number": "00340434161094042557",
        "tracking_url": "https://www.dhl.example/track?id=00340434161094042557",
    }


class ShipmentController(Controller):
    path = "/v1/orders/{order_id:uuid}/shipments"
    tags = ("orders",)

    @get(
        operation_id="list_shipments",
        summary="List the parcels of an order",
        opt=allow(*READERS, problems=(404,)),
        sync_to_thread=True,
    )
    def shipments(
        self, order_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]
    ) -> Page[ShipmentBody]:
        order = shop.read_order(order_id=OrderId(order_id), actor=principal.actor)
        return Page(items=[shipment_body(shipment) for shipment in order.shipments])

    @post(
        operation_id="ship_parcel",
        summary="Hand a parcel over to the carrier",
        status_code=200,
        opt=allow(Permission.SHIPMENT_WRITE, problems=REFUSALS) | keyed(),
        sync_to_thread=True,
    )
    def ship(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        data: JSONBody[ShipRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        items = data.items
        return changed(
            shop.ship_parcel(
                order_id=OrderId(order_id),
                actor=principal.actor,
                versions=versions(request),
                carrier=data.carrier,
                tracking_number=data.tracking_number,
                tracking_url=data.tracking_url,
                items=None
                if items is None
                else [ShippedItem(LineId(item.line_id), item.quantity) for item in items],
            )
        )

    @post(
        "/{shipment_id:uuid}/delivered",
        operation_id="mark_delivered",
        summary="Say that a parcel arrived",
        status_code=200,
        opt=allow(Permission.SHIPMENT_WRITE, problems=REFUSALS),
        sync_to_thread=True,
    )
    def delivered(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shipment_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.mark_delivered(
                order_id=OrderId(order_id),
                shipment_id=ShipmentId(shipment_id),
                actor=principal.actor,
                versions=versions(request),
            )
        )
