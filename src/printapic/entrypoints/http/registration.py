"""Registration: becoming a user, by a mail that only the owner of an address can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from litestar import Controller, post
from litestar.params import JSONBody

from printapic.application.shop import Shop
from printapic.domain.actors import Caller
from printapic.domain.users.user import Locale
from printapic.entrypoints.http.account_fields import Accepted, Name, Password, Token
from printapic.entrypoints.http.bodies import PlainText, RequestBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import ACCOUNT
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.policies import public


class RegisterRequest(RequestBody, kw_only=True):
    """`password` is checked, for a form that asks for it early, and forgotten: only `verify` sets one."""

    email: PlainText
    password: Password | None = None
    name: Name | None = None
    locale: Locale = Locale.EN

    example: ClassVar[Mapping[str, object]] = {
        "email": "anna@example.com",
        "password": "four random words here",
        "name": "Anna",
        "locale": "de",
    }


class VerifyRequest(RequestBody, kw_only=True):
    """`password` will be that of the account, whatever was said when it was asked for."""

    token: Token
    password: Password

    example: ClassVar[Mapping[str, object]] = {
        "token": "from the link in the mail",
        "password": "four random words here",
    }


class AddressRequest(RequestBody, kw_only=True):
    email: PlainText

    example: ClassVar[Mapping[str, object]] = {"email": "anna@example.com"}


class RegistrationController(Controller):
    path = "/v1/users"
    tags = ("accounts",)

    @post(
        "/verify",
        operation_id="verify_email",
        summary="Redeem the token of the registration mail, and set the password",
        status_code=204,
        opt=public(problems=(422, 503), limits=(ACCOUNT,)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def verify(self, data: JSONBody[VerifyRequest], shop: Given[Shop], caller: Given[Caller]) -> None:
        shop.verify_email(token=data.token, password=data.password, caller=caller)

    @post(
        "/verification-mail",
        operation_id="request_verification_mail",
        summary="Ask for the mail of a registration once more",
        status_code=202,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def mail(self, data: JSONBody[AddressRequest], shop: Given[Shop]) -> Accepted:
        shop.request_verification_mail(email=data.email)
        return Accepted()
