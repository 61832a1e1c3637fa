"""Orders: placing and following them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import OrderId
from printapic.domain.orders.status import OrderStatus
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.idempotency import keyed
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.order_bodies import (
    ActionBody,
    HistoryEntryBody,
    OrderBody,
    OrderSummaryBody,
    PlaceOrderRequest,
    action_body,
    history_body,
    order_body,
    summary_body,
)
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import (
    MADE,
    NOT_CHANGED,
    VERSIONED,
    etag,
    idempotency_key,
    shown,
)

READERS = (Permission.ORDER_OWN, Permission.ORDER_READ)


class OrderController(Controller):
    path = "/v1/orders"
    tags = ("orders",)

    @post(
        operation_id="place_order",
        summary="Place the order whose quote the customer accepted",
        opt=allow(Permission.ORDER_OWN, problems=(404, 409, 422, 503))
        | keyed(required=True)
        | taking(Load.CRITICAL),
        response_headers=[*MADE, *VERSIONED],
        sync_to_thread=True,
    )
    def place(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[PlaceOrderRequest],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        placed = shop.place_order(
            customer_id=principal.user_id,
            idempotency_key=idempotency_key(request),
            quote_hash=data.quote_hash,
            lines=[line.request() for line in data.lines],
            ship_to=data.ship_to.address(),
            shipping_method=data.shipping_method,
            currency=data.currency,
            voucher=data.voucher,
        )
        headers = {"Location": f"/v1/orders/{placed.order.id}", "ETag": etag(placed.order.version)}
        if placed.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(order_body(placed.order), headers=headers)

    @get(
        operation_id="list_orders",
        summary="List one's own orders, newest first; staff see everybody's",
        opt=allow(*READERS, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        principal: Given[Principal],
        status: Annotated[OrderStatus | None, QueryParameter(description="Only these.")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[OrderSummaryBody]:
        before = id_of(cursor, request)
        found = shop.list_orders(
            actor=principal.actor,
            status=status,
            before=OrderId(before) if before else None,
            limit=limit + 1,
        )
        return page(found, limit, request, show=summary_body, key=lambda summary: summary.id)

    @get(
        "/{order_id:uuid}",
        operation_id="read_order",
        summary="Read one order",
        opt=allow(*READERS, problems=(404,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def read(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = shop.read_order(order_id=OrderId(order_id), actor=principal.actor)
        return shown(request, order.version, order_body(order))

    @get(
        "/{order_id:uuid}/history",
        operation_id="read_order_history",
        summary="Read every step that an order took",
        opt=allow(*READERS, problems=(404,)),
        sync_to_thread=True,
    )
    def history(
        self, order_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]
    ) -> Page[HistoryEntryBody]:
        order = shop.read_order(order_id=OrderId(order_id), actor=principal.actor)
        return Page(items=[history_body(entry) for entry in order.history])

    @get(
        "/{order_id:uuid}/actions",
        operation_id="read_order_actions",
        summary="Say what the caller may do with an order now, and why not the rest",
        opt=allow(*READERS, problems=(404,)),
        sync_to_thread=True,
    )
    def actions(
        self, order_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]
    ) -> Page[ActionBody]:
        actions = shop.read_actions(order_id=OrderId(order_id), actor=principal.actor)
        return Page(items=[action_body(action) for action in actions])
