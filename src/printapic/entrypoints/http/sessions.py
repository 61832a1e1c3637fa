"""Sessions: logging in and staying logged in, seeing where one is, and logging out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.application.users.sessions import TokenPair
from printapic.domain.actors import Caller
from printapic.domain.audit.entry import coarse
from printapic.domain.ids import SessionId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import Session
from printapic.entrypoints.http.account_fields import COMPARED, Code, Password, Token
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import PlainText, RequestBody, ResponseBody
from printapic.entrypoints.http.device_cookie import device_cookie, device_token
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.limits import LOGIN, REFRESH
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.pages import Page
from printapic.entrypoints.http.policies import allow, public
from printapic.entrypoints.settings import Settings


class LogInRequest(RequestBody, kw_only=True):
    """`otp` is a code of an authenticator app or a recovery code, where the account has a second factor."""

    email: PlainText
    password: Password
    otp: Code | None = None

    any_digits: ClassVar[frozenset[str]] = COMPARED
    example: ClassVar[Mapping[str, object]] = {
        "email": "anna@example.com",
        "password": "four random words here",
    }


class ProofRequest(RequestBody, kw_only=True):
    password: Password
    otp: Code | None = None

    any_digits: ClassVar[frozenset[str]] = COMPARED
    example: ClassVar[Mapping[str, object]] = {"password": "four random words here"}


class RefreshRequest(RequestBody, kw_only=True):
    refresh_token: Token

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


class SessionBody(ResponseBody, kw_only=True):
    """`address` is the network of the login, `current` tells the session that asks."""

    id: UUID
    device: str | None
    address: str | None
    second_factor: bool
    current: bool
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime

    example: ClassVar[Mapping[str, object]] = {
        "id": "019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50",
        "device": "Firefox on Windows",
        "address": "203.0.113.0/24",
        "second_factor": True,
        "current": True,
        "created_at": "2026-03-02T12:00:00Z",
        "last_used_at": "2026-03-02T12:10:00Z",
        "expires_at": "2026-04-01T12:00:00Z",
    }


def _pair(tokens: TokenPair) -> TokenPairBody:
    return TokenPairBody(
        access_token=tokens.access_token,
        token_type="Bearer",  # noqa: S106 - the scheme's name
        expires_in=tokens.expires_in_s,
        refresh_token=tokens.refresh_token,
    )


def _session(session: Session, *, current: SessionId) -> SessionBody:
    return SessionBody(
        id=session.id,
        device=session.device,
        address=coarse(session.address),
        second_factor=session.second_factor,
        current=session.id == current,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
    )


class SessionController(Controller):
    path = "/v1/sessions"
    tags = ("accounts",)

    @post(
        operation_id="log_in",
        summary="Exchange e-mail address, password and, where there is one, a second factor for tokens",
        opt=public(problems=(401, 403, 422, 503), limits=(LOGIN,)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def log_in(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[LogInRequest],
        shop: Given[Shop],
        settings: Given[Settings],
        caller: Given[Caller],
    ) -> Response[TokenPairBody]:
        tokens = shop.log_in(
            email=data.email,
            password=data.password,
            otp=data.otp,
            device_token=device_token(request, settings),
            caller=caller,
        )
        cookies = [device_cookie(tokens.device_token, settings)] if tokens.device_token else []
        return Response(_pair(tokens), cookies=cookies)

    @post(
        "/refresh",
        operation_id="refresh_session",
        summary="Exchange the newest refresh token for a new pair",
        status_code=200,
        opt=public(problems=(401, 422), limits=(REFRESH,)) | taking(Load.CRITICAL),
        sync_to_thread=True,
    )
    def refresh(
        self, data: JSONBody[RefreshRequest], shop: Given[Shop], caller: Given[Caller]
    ) -> TokenPairBody:
        return _pair(shop.refresh_session(refresh_token=data.refresh_token, caller=caller))

    @get(
        operation_id="list_sessions",
        summary="List where one is logged in, the newest login first",
        opt=allow(Permission.ACCOUNT_SELF),
        sync_to_thread=True,
    )
    def all(self, shop: Given[Shop], principal: Given[Principal]) -> Page[SessionBody]:
        show = partial(_session, current=principal.session_id)
        return Page(items=[show(session) for session in shop.list_sessions(user_id=principal.user_id)])

    @post(
        "/current/proof",
        operation_id="reauthenticate",
        summary="Prove once more who one is, before changes to the account itself",
        status_code=204,
        opt=allow(Permission.ACCOUNT_SELF, problems=(422, 429, 503)) | taking(Load.LOGIN),
        sync_to_thread=True,
    )
    def prove(  # noqa: PLR0917 - the framework fills them in by name
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ProofRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        settings: Given[Settings],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        shop.reauthenticate(
            user_id=principal.user_id,
            session_id=principal.session_id,
            password=data.password,
            otp=data.otp,
            device_token=device_token(request, settings),
            caller=caller,
        )
        doorkeeper.forget(principal.user_id)

    @delete(
        "/current",
        operation_id="log_out",
        summary="End this session; its tokens are worthless from now on",
        opt=allow(Permission.ACCOUNT_SELF),
        sync_to_thread=True,
    )
    def log_out(
        self,
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        shop.log_out(session_id=principal.session_id, caller=caller)
        doorkeeper.forget(principal.user_id)

    @delete(
        "/{session_id:uuid}",
        operation_id="end_session",
        summary="End one of one's sessions, wherever it is",
        opt=allow(Permission.ACCOUNT_SELF, problems=(404,)),
        sync_to_thread=True,
    )
    def end(
        self,
        session_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        who = principal.user_id
        shop.end_session(user_id=who, session_id=SessionId(session_id), actor_id=who, caller=caller)
        doorkeeper.forget(who)

    @delete(
        operation_id="end_other_sessions",
        summary="End all of one's sessions but this one",
        opt=allow(Permission.ACCOUNT_SELF),
        sync_to_thread=True,
    )
    def end_others(
        self,
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        who = principal.user_id
        shop.end_sessions(user_id=who, keep=principal.session_id, actor_id=who, caller=caller)
        doorkeeper.forget(who)
