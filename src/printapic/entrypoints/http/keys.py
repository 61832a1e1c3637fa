"""The public keys of access tokens, as a JSON Web Key Set."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import ClassVar

from litestar import Controller, Response, get

from printapic.application.ports.keys import PUBLISHED_FOR
from printapic.application.ports.users import PublicKey
from printapic.application.shop import Shop
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.policies import public

_CACHED = f"public, max-age={PUBLISHED_FOR.seconds}"


class WebKey(ResponseBody, kw_only=True):
    """An Ed25519 public key (RFC 8037, section 2)."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = "EdDSA"
    kid: str
    x: str

    example: ClassVar[Mapping[str, object]] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": "8f3a91c2",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }


class WebKeySet(ResponseBody, kw_only=True):
    """The key that signs, the next one, and those whose last tokens have not expired."""

    keys: list[WebKey]

    example: ClassVar[Mapping[str, object]] = {"keys": [WebKey.example]}


class KeyController(Controller):
    path = "/.well-known"
    tags = ("accounts",)

    @get(
        "/jwks.json",
        operation_id="list_public_keys",
        summary="Read the keys with which access tokens can be checked",
        opt=public(),
        media_type="application/jwk-set+json",
        sync_to_thread=True,
    )
    def list(self, shop: Given[Shop]) -> Response[WebKeySet]:
        keys = [_web_key(key) for key in shop.list_public_keys()]
        return Response(WebKeySet(keys=keys), headers={"Cache-Control": _CACHED})


def _web_key(key: PublicKey) -> WebKey:
    return WebKey(kid=key.kid, x=base64.urlsafe_b64encode(key.key).decode().rstrip("="))
