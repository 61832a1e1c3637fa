"""What can be done with an order. Whether it may be, now and by this caller, is the domain's to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import RequestBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.order_bodies import OrderBody, order_body
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import IfMatch, etag, versions

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
        if_match: IfMatch = None,
        data: JSONBody[CancelRequest | None] = None,
    ) -> Response[OrderBody]:
        reason = data.reason if data else None
        return changed(
            shop.cancel_order(
                order_id=OrderId(order_id), actor=principal.actor, versions=versions(request), reason=reason
            )
        )

    @post(
        "/waive-edit-window",
        operation_id="waive_edit_window",
        summary="Let an operator start production now, before the edit window is over",
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
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.waive_edit_window(
                order_id=OrderId(order_id), actor=principal.actor, versions=versions(request)
            )
        )

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
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.hold_order(
                order_id=OrderId(order_id),
                actor=principal.actor,
                versions=versions(request),
                reason=data.reason,
            )
        )

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
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.release_order(order_id=OrderId(order_id), actor=principal.actor, versions=versions(request))
        )

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
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.start_production(
                order_id=OrderId(order_id), actor=principal.actor, versions=versions(request)
            )
        )

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
        if_match: IfMatch = None,
    ) -> Response[OrderBody]:
        return changed(
            shop.abort_order(
                order_id=OrderId(order_id),
                actor=principal.actor,
                versions=versions(request),
                reason=data.reason,
            )
        )


def changed(order: Order) -> Response[OrderBody]:
    return Response(order_body(order), headers={"ETag": etag(order.version)})
