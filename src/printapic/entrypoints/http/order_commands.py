"""What can be done with an order. Whether it may be, now and by this caller, is the domain's to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.authentication import Principal
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import RequestBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.order_bodies import OrderBody, order_body
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import etag, must_match

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])")]
REFUSALS = (404, 409, 412, 422)


class CancelRequest(RequestBody, kw_only=True):
    reason: Reason | None = None

    example: ClassVar[Mapping[str, object]] = {"reason": "Ordered twice"}


class AbortRequest(RequestBody, kw_only=True):
    reason: Reason

    example: ClassVar[Mapping[str, object]] = {"reason": "The paper is not to be had any more"}


class HoldRequest(RequestBody, kw_only=True):
    reason: HoldReason

    example: ClassVar[Mapping[str, object]] = {"reason": "quality"}


class OrderCommandController(Controller):
    path = "/v1/orders/{order_id:uuid}"
    tags = ("orders",)

    @post(
        "/cancel",
        operation_id="cancel_order",
        summary="Call an order off; what was paid is refunded",
        status_code=200,
        opt=allow(Permission.ORDER_OWN, Permission.ORDER_CANCEL, problems=REFUSALS),
        sync_to_thread=True,
    )
    def cancel(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        data: JSONBody[CancelRequest | None] = None,
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        reason = data.reason if data else None
        return changed(shop.cancel_order(order_id=order, actor=principal.actor, reason=reason))

    @post(
        "/waive-edit-window",
        operation_id="waive_edit_window",
        summary="Let production start now",
        status_code=200,
        opt=allow(Permission.ORDER_OWN, problems=REFUSALS),
        sync_to_thread=True,
    )
    def waive_edit_window(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        return changed(shop.waive_edit_window(order_id=order, actor=principal.actor))

    @post(
        "/hold",
        operation_id="hold_order",
        summary="Make production wait",
        status_code=200,
        opt=allow(Permission.ORDER_HOLD, problems=REFUSALS),
        sync_to_thread=True,
    )
    def hold(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        data: JSONBody[HoldRequest],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        return changed(shop.hold_order(order_id=order, actor=principal.actor, reason=data.reason))

    @post(
        "/release",
        operation_id="release_order",
        summary="Let a held order go on",
        status_code=200,
        opt=allow(Permission.ORDER_OWN, Permission.ORDER_HOLD, problems=REFUSALS),
        sync_to_thread=True,
    )
    def release(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        return changed(shop.release_order(order_id=order, actor=principal.actor))

    @post(
        "/start-production",
        operation_id="start_production",
        summary="Send an order to the printer",
        status_code=200,
        opt=allow(Permission.PRODUCTION_ADVANCE, problems=REFUSALS),
        sync_to_thread=True,
    )
    def start_production(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        return changed(shop.start_production(order_id=order, actor=principal.actor))

    @post(
        "/abort",
        operation_id="abort_order",
        summary="Give up an order in production of which nothing has shipped",
        status_code=200,
        opt=allow(Permission.ORDER_ABORT, problems=REFUSALS),
        sync_to_thread=True,
    )
    def abort(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        data: JSONBody[AbortRequest],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[OrderBody]:
        order = meant(request, shop, principal, order_id)
        return changed(shop.abort_order(order_id=order, actor=principal.actor, reason=data.reason))


def meant(request: Request[Any, Any, Any], shop: Shop, principal: Principal, order_id: UUID) -> OrderId:
    """The order's id, once `If-Match` (where sent) names its present version. Raises `VersionDiffers`."""
    meant = OrderId(order_id)
    if "if-match" in request.headers:
        must_match(request, etag(shop.read_order(order_id=meant, actor=principal.actor).version))
    return meant


def changed(order: Order) -> Response[OrderBody]:
    return Response(order_body(order), headers={"ETag": etag(order.version)})
