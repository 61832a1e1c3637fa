"""Privacy: taking one's data along, and being forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from litestar import Controller, get
from litestar.response import Stream

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.downloads import attachment, pieces
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.policies import allow


class ErasureBody(ResponseBody, kw_only=True):
    """Nobody gets into the account any more. Its data goes when no order is open and all is paid back."""

    status: str = "accepted"
    open_orders: int

    example: ClassVar[Mapping[str, object]] = {"status": "accepted", "open_orders": 0}


class PrivacyController(Controller):
    path = "/v1/users/me/export"
    tags = ("accounts",)

    @get(
        operation_id="export_me",
        summary="Download everything the shop holds about oneself: JSON with its schema, and all originals",
        opt=allow(Permission.ACCOUNT_SELF, problems=(429,), proven=True) | taking(Load.HEAVY),
        media_type="application/zip",
        sync_to_thread=True,
    )
    def export(self, shop: Given[Shop], principal: Given[Principal], caller: Given[Caller]) -> Stream:
        made = shop.export_user(user_id=principal.user_id, session_id=principal.session_id, caller=caller)
        return Stream(
            pieces(made),
            media_type="application/zip",
            headers={"Content-Disposition": attachment("my-data.zip")},
        )


def erasure(
    shop: Shop, user_id: UserId, principal: Principal, caller: Caller, doorkeeper: Doorkeeper
) -> ErasureBody:
    """Close an account, and tell what its erasure waits for."""
    open_orders = shop.request_erasure(
        user_id=user_id, actor_id=principal.user_id, session_id=principal.session_id, caller=caller
    )
    doorkeeper.forget(user_id)
    return ErasureBody(open_orders=open_orders)
