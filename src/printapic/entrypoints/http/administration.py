"""What administrators do to other people's accounts, and support to customers' sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, Response, delete, post, put
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller, Role
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import IfMatch, RequiredIfMatch, required_versions, versions
from printapic.entrypoints.http.users import UserBody, changed

REFUSALS = (404, 409, 412)


class RolesRequest(RequestBody, kw_only=True):
    """All roles that the user shall have."""

    roles: list[Role]

    example: ClassVar[Mapping[str, object]] = {"roles": ["customer", "support"]}


class SecondFactorResetBody(ResponseBody, kw_only=True):
    """When the second factor goes, unless its owner logs in with it before."""

    due_at: datetime | None

    example: ClassVar[Mapping[str, object]] = {"due_at": "2026-03-05T12:00:00Z"}


class AdministrationController(Controller):
    path = "/v1/users/{user_id:uuid}"
    tags = ("accounts",)

    @put(
        "/roles",
        operation_id="set_roles",
        summary="Give somebody else exactly these roles; where that changes anything, their sessions end",
        opt=allow(Permission.ROLE_WRITE, problems=(*REFUSALS, 422, 428), proven=True),
        sync_to_thread=True,
    )
    def set_roles(
        self,
        *,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        data: JSONBody[RolesRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
        if_match: RequiredIfMatch = None,
    ) -> Response[UserBody]:
        user = shop.set_roles(
            user_id=UserId(user_id),
            roles=frozenset(data.roles),
            actor_id=principal.user_id,
            session_id=principal.session_id,
            versions=required_versions(request),
            caller=caller,
        )
        doorkeeper.forget(user.id)
        return changed(user)

    @post(
        "/disable",
        operation_id="disable_user",
        summary="Close somebody else's account; its sessions and API keys stop working",
        status_code=200,
        opt=allow(Permission.USER_WRITE, problems=REFUSALS, proven=True),
        sync_to_thread=True,
    )
    def disable(
        self,
        *,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
        if_match: IfMatch = None,
    ) -> Response[UserBody]:
        user = shop.disable_user(
            user_id=UserId(user_id),
            actor_id=principal.user_id,
            session_id=principal.session_id,
            versions=versions(request),
            caller=caller,
        )
        doorkeeper.forget(user.id)
        return changed(user)

    @post(
        "/enable",
        operation_id="enable_user",
        summary="Open a closed account again; its owner logs in anew",
        status_code=200,
        opt=allow(Permission.USER_WRITE, problems=REFUSALS, proven=True),
        sync_to_thread=True,
    )
    def enable(
        self,
        *,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        if_match: IfMatch = None,
    ) -> Response[UserBody]:
        return changed(
            shop.enable_user(
                user_id=UserId(user_id),
                actor_id=principal.user_id,
                session_id=principal.session_id,
                versions=versions(request),
                caller=caller,
            )
        )

    @post(
        "/mfa-reset",
        operation_id="reset_second_factor",
        summary="Help somebody who lost app and codes: their second factor goes in three days",
        status_code=202,
        opt=allow(Permission.USER_WRITE, problems=(404, 409), proven=True),
        sync_to_thread=True,
    )
    def reset_second_factor(
        self,
        user_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> SecondFactorResetBody:
        factor = shop.reset_second_factor(
            user_id=UserId(user_id),
            actor_id=principal.user_id,
            session_id=principal.session_id,
            caller=caller,
        )
        return SecondFactorResetBody(due_at=factor.reset_due_at)

    @delete(
        "/sessions",
        operation_id="end_user_sessions",
        summary="Log somebody out everywhere; a colleague only as an administrator",
        opt=allow(Permission.SESSION_REVOKE, problems=(404,)),
        sync_to_thread=True,
    )
    def end_sessions(
        self,
        user_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        shop.end_sessions(
            user_id=UserId(user_id),
            actor_id=principal.user_id,
            actor_may=principal.permissions,
            caller=caller,
        )
        doorkeeper.forget(UserId(user_id))
