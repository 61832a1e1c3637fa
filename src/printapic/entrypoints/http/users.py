"""Users: becoming one, one's own profile, and what administrators and support see of others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from printapic.application.shop import Shop
from printapic.application.users.administration import UNCHANGED
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.user import Locale, User
from printapic.entrypoints.http.account_fields import Accepted, Name
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import ACCOUNT
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.http.preconditions import NOT_CHANGED, IfMatch, etag, shown, versions
from printapic.entrypoints.http.privacy import ErasureBody, erasure
from printapic.entrypoints.http.registration import RegisterRequest

Search = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=200,
        pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])",
        description="Only those whose address or name contains this.",
    ),
]


class ProfileRequest(RequestBody, kw_only=True):
    """A merge patch (RFC 7396): what is not there stays, and a `name` of null goes."""

    name: Name | msgspec.UnsetType | None = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET

    example: ClassVar[Mapping[str, object]] = {"name": "Anna", "locale": "de"}


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


def changed(user: User) -> Response[UserBody]:
    """What a change answers: the user as they are now, with the ETag for the next one."""
    return Response(user_body(user), headers={"ETag": etag(user.version)})


class UserController(Controller):
    path = "/v1/users"
    tags = ("accounts",)

    @post(
        operation_id="register",
        summary="Ask for an account; a mail brings the token that makes it real",
        description=(
            "Anybody may ask for any address, so no password is taken from here: it is said together with "
            "the token, to `POST /v1/users/verify`. One that is given is only checked."
        ),
        status_code=202,
        opt=public(problems=(422,), limits=(ACCOUNT,)),
        sync_to_thread=True,
    )
    def register(self, data: JSONBody[RegisterRequest], shop: Given[Shop], caller: Given[Caller]) -> Accepted:
        shop.register(
            email=data.email, password=data.password, name=data.name, locale=data.locale, caller=caller
        )
        return Accepted()

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

    @patch(
        "/me",
        operation_id="update_me",
        summary="Change one's name, or the language of one's mail",
        opt=allow(Permission.ACCOUNT_SELF, problems=(409, 412, 422)),
        sync_to_thread=True,
    )
    def update(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ProfileRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        if_match: IfMatch = None,
    ) -> Response[UserBody]:
        return changed(
            shop.update_profile(
                user_id=principal.user_id,
                name=UNCHANGED if isinstance(data.name, msgspec.UnsetType) else data.name,
                locale=UNCHANGED if isinstance(data.locale, msgspec.UnsetType) else data.locale,
                versions=versions(request),
            )
        )

    @get(
        operation_id="list_users",
        summary="List users, in the order in which they came",
        opt=allow(Permission.USER_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        q: Search = None,
    ) -> Page[UserBody]:
        after = id_of(cursor, request)
        found = shop.list_users(after=UserId(after) if after else None, limit=limit + 1, containing=q)
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

    @delete(
        "/me",
        operation_id="erase_me",
        summary="Leave for good: access ends at once, the data goes as soon as no order is open",
        status_code=202,
        opt=allow(Permission.ACCOUNT_SELF, problems=(409,), proven=True),
        sync_to_thread=True,
    )
    def leave(
        self,
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> ErasureBody:
        return erasure(shop, principal.user_id, principal, caller, doorkeeper)

    @delete(
        "/{user_id:uuid}",
        operation_id="erase_user",
        summary="Erase somebody who asked for it in another way",
        status_code=202,
        opt=allow(Permission.USER_WRITE, problems=(404, 409), proven=True),
        sync_to_thread=True,
    )
    def erase(
        self,
        user_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> ErasureBody:
        return erasure(shop, UserId(user_id), principal, caller, doorkeeper)
