"""Changing the address of an account: asked for in a session, confirmed or taken back by mail."""

from __future__ import annotations

from litestar import Controller, post, put
from litestar.params import JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.account_fields import Accepted, TokenRequest
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import ACCOUNT, API
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.http.registration import AddressRequest


class EmailController(Controller):
    path = "/v1/users/me/email"
    tags = ("accounts",)

    @put(
        operation_id="request_email_change",
        summary="Ask for another address; mails to the new and the old one say how to go on",
        status_code=202,
        opt=allow(Permission.ACCOUNT_SELF, problems=(422, 429), limits=(API, ACCOUNT), proven=True),
        sync_to_thread=True,
    )
    def request_change(
        self,
        data: JSONBody[AddressRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> Accepted:
        shop.request_email_change(
            user_id=principal.user_id, session_id=principal.session_id, email=data.email, caller=caller
        )
        return Accepted()


class EmailChangeController(Controller):
    path = "/v1/email-changes"
    tags = ("accounts",)

    @post(
        "/confirm",
        operation_id="confirm_email_change",
        summary="Redeem the token that went to the new address",
        status_code=204,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def confirm(self, data: JSONBody[TokenRequest], shop: Given[Shop], caller: Given[Caller]) -> None:
        shop.confirm_email_change(token=data.token, caller=caller)

    @post(
        "/revert",
        operation_id="revert_email_change",
        summary="Redeem the token that went to the old address: it is the account's again",
        status_code=204,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def revert(self, data: JSONBody[TokenRequest], shop: Given[Shop], caller: Given[Caller]) -> None:
        shop.revert_email_change(token=data.token, caller=caller)
