"""Accounts: becoming a user, and looking at oneself or, as support, at others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.user import Locale, User
from printapic.entrypoints.http.bodies import PlainText, RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import ACCOUNT
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.http.preconditions import NOT_CHANGED, shown

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])")]


class RegisterRequest(RequestBody, kw_only=True):
    email: PlainText
    password: str
    name: Name | None = None
    locale: Locale = Locale.EN

    example: ClassVar[Mapping[str, object]] = {
        "email": "anna@example.com",
        "password": "four random words here",
        "name": "Anna",
        "locale": "de",
    }


class VerifyRequest(RequestBody, kw_only=True):
    token: str

    example: ClassVar[Mapping[str, object]] = {"token": "from the link in the mail"}


class Accepted(ResponseBody, kw_only=True):
    """The request is being seen to. The same answer for every address, known or not."""

    status: str = "accepted"

    example: ClassVar[Mapping[str, object]] = {"status": "accepted"}


class UserBody(ResponseBody, kw_only=True):
    id: UUID
    email: str
    name: str | None
    locale: Locale
    roles: list[str]
    disabled: bool
    created_at: datetime


def user_body(user: User) -> UserBody:
    return UserBody(
        id=user.id,
        email=user.email.address,
        name=user.name,
        locale=user.locale,
        roles=sorted(user.roles),
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
    )


class UserController(Controller):
    path = "/v1/users"
    tags = ("accounts",)

    @post(
        operation_id="register",
        summary="Ask for an account; a mail brings the token that makes it real",
        status_code=202,
        opt=public(problems=(422, 503), limits=(ACCOUNT,)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def register(self, data: JSONBody[RegisterRequest], shop: Given[Shop]) -> Accepted:
        shop.register(email=data.email, password=data.password, name=data.name, locale=data.locale)
        return Accepted()

    @post(
        "/verify",
        operation_id="verify_email",
        summary="Redeem the token of the registration mail",
        status_code=204,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def verify(self, data: JSONBody[VerifyRequest], shop: Given[Shop]) -> None:
        shop.verify_email(token=data.token)

    @get(
        "/me",
        operation_id="read_me",
        summary="Read one's own account",
        opt=allow(Permission.ACCOUNT_SELF),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def me(
        self, request: Request[Any, Any, Any], shop: Given[Shop], principal: Given[Principal]
    ) -> Response[UserBody]:
        user = shop.read_user(user_id=principal.user_id)
        return shown(request, user.version, user_body(user))

    @get(
        operation_id="list_users",
        summary="List all users, in the order in which they came",
        opt=allow(Permission.USER_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[UserBody]:
        after = id_of(cursor, request)
        found = shop.list_users(after=UserId(after) if after else None, limit=limit + 1)
        return page(found, limit, request, show=user_body, key=lambda user: user.id)

    @get(
        "/{user_id:uuid}",
        operation_id="read_user",
        summary="Read one user",
        opt=allow(Permission.USER_READ, problems=(404,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def read(
        self, request: Request[Any, Any, Any], user_id: FromPath[UUID], shop: Given[Shop]
    ) -> Response[UserBody]:
        user = shop.read_user(user_id=UserId(user_id))
        return shown(request, user.version, user_body(user))
