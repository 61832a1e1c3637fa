"""Passwords: setting another one, with the present one or with a mailed token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, post, put
from litestar.params import JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.account_fields import COMPARED, Accepted, Password, Token
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody
from printapic.entrypoints.http.device_cookie import device_token
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import ACCOUNT
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.http.registration import AddressRequest
from printapic.entrypoints.settings import Settings


class ResetRequest(RequestBody, kw_only=True):
    token: Token
    new_password: Password

    example: ClassVar[Mapping[str, object]] = {
        "token": "from the link in the mail",
        "new_password": "four random words here",
    }


class ChangePasswordRequest(RequestBody, kw_only=True):
    current_password: Password
    new_password: Password

    any_digits: ClassVar[frozenset[str]] = COMPARED
    example: ClassVar[Mapping[str, object]] = {
        "current_password": "four random words here",
        "new_password": "four other words there",
    }


class PasswordResetController(Controller):
    path = "/v1/password-resets"
    tags = ("accounts",)

    @post(
        operation_id="request_password_reset",
        summary="Ask for a mail with which to set another password",
        status_code=202,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def request_mail(
        self, data: JSONBody[AddressRequest], shop: Given[Shop], caller: Given[Caller]
    ) -> Accepted:
        shop.request_password_reset(email=data.email, caller=caller)
        return Accepted()

    @post(
        "/confirm",
        operation_id="reset_password",
        summary="Set another password with the token of a mail; every session ends",
        status_code=204,
        opt=public(problems=(422, 503), limits=(ACCOUNT,)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def confirm(self, data: JSONBody[ResetRequest], shop: Given[Shop], caller: Given[Caller]) -> None:
        shop.reset_password(token=data.token, new_password=data.new_password, caller=caller)


class PasswordController(Controller):
    path = "/v1/users/me/password"
    tags = ("accounts",)

    @put(
        operation_id="change_password",
        summary="Set another password, knowing the present one; every other session ends",
        status_code=204,
        opt=allow(Permission.ACCOUNT_SELF, problems=(422, 429, 503)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def change(  # noqa: PLR0917 - the framework fills them in by name
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ChangePasswordRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        settings: Given[Settings],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        shop.change_password(
            user_id=principal.user_id,
            session_id=principal.session_id,
            current_password=data.current_password,
            new_password=data.new_password,
            device_token=device_token(request, settings),
            caller=caller,
        )
        doorkeeper.forget(principal.user_id)
