"""API keys: what machines carry. Administrators issue them, see them all and revoke them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.api_key import DEFAULT_LIFETIME, MAX_LIFETIME, MAX_NETWORKS, ApiKey
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.account_fields import Name
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow

NetworkText = Annotated[str, msgspec.Meta(max_length=64)]
Networks = Annotated[list[NetworkText], msgspec.Meta(max_length=MAX_NETWORKS)]
Scopes = Annotated[list[Permission], msgspec.Meta(min_length=1)]
Days = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIFETIME.days)]


class ApiKeyRequest(RequestBody, kw_only=True):
    """`networks` are where the key may be used from, none meaning everywhere."""

    name: Name
    scopes: Scopes
    networks: Networks = msgspec.field(default_factory=list)
    expires_in_days: Days = DEFAULT_LIFETIME.days

    # An address of IPv6 is written in groups of four, as cards are, often of digits alone.
    any_digits: ClassVar[frozenset[str]] = frozenset({"networks"})
    example: ClassVar[Mapping[str, object]] = {
        "name": "Parcel desk",
        "scopes": ["order:read", "shipment:write"],
        "networks": ["203.0.113.0/24"],
        "expires_in_days": 90,
    }


class ApiKeyBody(ResponseBody, kw_only=True):
    """`key` goes into the header `X-API-Key`. It is there in the answer that issues it, and never again."""

    id: UUID
    owner_id: UUID
    name: str
    scopes: list[str]
    networks: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    key: str | msgspec.UnsetType = msgspec.UNSET


def _shown(key: ApiKey, secret: str | msgspec.UnsetType = msgspec.UNSET) -> ApiKeyBody:
    return ApiKeyBody(
        id=key.id,
        owner_id=key.owner_id,
        name=key.name,
        scopes=sorted(key.scopes),
        networks=list(key.networks),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        key=secret,
    )


class ApiKeyController(Controller):
    path = "/v1/api-keys"
    tags = ("accounts",)

    @post(
        operation_id="issue_api_key",
        summary="Make a key for a machine, which may do part of what one may do oneself",
        opt=allow(Permission.API_KEY_WRITE, problems=(422,), proven=True),
        sync_to_thread=True,
    )
    def issue(
        self,
        data: JSONBody[ApiKeyRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> ApiKeyBody:
        key, secret = shop.issue_api_key(
            owner_id=principal.user_id,
            session_id=principal.session_id,
            name=data.name,
            scopes=frozenset(data.scopes),
            networks=tuple(data.networks),
            lifetime=timedelta(days=data.expires_in_days),
            caller=caller,
        )
        return _shown(key, secret)

    @get(
        operation_id="list_api_keys",
        summary="List all keys, newest first, revoked and expired ones too",
        opt=allow(Permission.API_KEY_WRITE, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[ApiKeyBody]:
        before = id_of(cursor, request)
        found = shop.list_api_keys(before=ApiKeyId(before) if before else None, limit=limit + 1)
        return page(found, limit, request, show=_shown, key=lambda key: key.id)

    @delete(
        "/{key_id:uuid}",
        operation_id="revoke_api_key",
        summary="End a key, within a second everywhere; repeating it changes nothing",
        opt=allow(Permission.API_KEY_WRITE, problems=(404,)),
        sync_to_thread=True,
    )
    def revoke(
        self,
        key_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> None:
        owner_id = shop.revoke_api_key(key_id=ApiKeyId(key_id), actor_id=principal.user_id, caller=caller)
        doorkeeper.forget(owner_id)
