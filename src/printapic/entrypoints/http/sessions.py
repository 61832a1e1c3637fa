"""Sessions: logging in, staying logged in, logging out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, delete, post
from litestar.params import JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.application.users.sessions import TokenPair
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import LOGIN, REFRESH
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.policies import allow, public


class LogInRequest(RequestBody, kw_only=True):
    email: str
    password: str

    example: ClassVar[Mapping[str, object]] = {
        "email": "anna@example.com",
        "password": "four random words here",
    }


class RefreshRequest(RequestBody, kw_only=True):
    refresh_token: str

    example: ClassVar[Mapping[str, object]] = {"refresh_token": "prt_..."}


class TokenPairBody(ResponseBody, kw_only=True):
    """Send `access_token` as `Authorization: Bearer`. `expires_in` is in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str

    example: ClassVar[Mapping[str, object]] = {
        "access_token": "eyJhbGciOi...",
        "token_type": "Bearer",
        "expires_in": 300,
        "refresh_token": "prt_...",
    }


def _pair(tokens: TokenPair) -> TokenPairBody:
    return TokenPairBody(
        access_token=tokens.access_token,
        token_type="Bearer",  # noqa: S106 - the scheme's name
        expires_in=tokens.expires_in_s,
        refresh_token=tokens.refresh_token,
    )


class SessionController(Controller):
    path = "/v1/sessions"
    tags = ("accounts",)

    @post(
        operation_id="log_in",
        summary="Exchange e-mail address and password for a pair of tokens",
        opt=public(problems=(401, 403, 422, 503), limits=(LOGIN,)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def log_in(self, data: JSONBody[LogInRequest], shop: Given[Shop]) -> TokenPairBody:
        return _pair(shop.log_in(email=data.email, password=data.password))

    @post(
        "/refresh",
        operation_id="refresh_session",
        summary="Exchange the newest refresh token for a new pair",
        status_code=200,
        opt=public(problems=(401, 422), limits=(REFRESH,)) | taking(Load.CRITICAL),
        sync_to_thread=True,
    )
    def refresh(self, data: JSONBody[RefreshRequest], shop: Given[Shop]) -> TokenPairBody:
        return _pair(shop.refresh_session(refresh_token=data.refresh_token))

    @delete(
        "/current",
        operation_id="log_out",
        summary="End this session; its tokens are worthless from now on",
        opt=allow(Permission.ACCOUNT_SELF),
        sync_to_thread=True,
    )
    def log_out(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        principal: Given[Principal],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        shop.log_out(session_id=principal.session_id)
        doorkeeper.forget(request)
