"""Public keys for whoever checks our tokens, and a running shop whose keys are changed from outside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from structlog.testing import LogCapture

from printapic.application.ports.keys import KeyState
from printapic.entrypoints.container import Container
from tests.integration.http.live_shop import LiveShop, Person, live_shop, wait_until
from tests.integration.http.problems import problem


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, log: LogCapture) -> Iterator[LiveShop]:
    """One whose people nobody else needs logged in."""
    with live_shop(tmp_path_factory.mktemp("keys")) as running:
        yield running


def web_keys(shop: LiveShop) -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in shop.client.get("/.well-known/jwks.json").json()["keys"]}


def bearer(person: Person) -> str:
    return person.headers["Authorization"].removeprefix("Bearer ")


def test_anybody_may_have_the_public_keys_and_keep_them_for_five_minutes(shop: LiveShop) -> None:
    answer = shop.client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    for key in answer.json()["keys"]:
        assert {name: key[name] for name in ("kty", "crv", "use", "alg")} == {
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
        }
        assert set(key) == {"kty", "crv", "use", "alg", "kid", "x"}, "and nothing private"


def test_another_program_checks_our_tokens_with_them(shop: LiveShop, anna: Person) -> None:
    token = bearer(anna)
    key = jwt.PyJWK(web_keys(shop)[jwt.get_unverified_header(token)["kid"]])
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="printapic-api")
    assert claims["sub"] == str(anna.id)


def test_a_running_shop_takes_part_in_a_rotation_within_about_a_second(shop: LiveShop, anna: Person) -> None:
    """Done by another process's container: this one finds the file changed."""
    elsewhere = Container(settings=shop.container.settings())
    active = elsewhere.keyring().rotate(at=elsewhere.clock().now(), published_for=timedelta(0))
    began = time.monotonic()

    def signs() -> bool:
        token = shop.log_in(anna.email)["Authorization"].removeprefix("Bearer ")
        return bool(jwt.get_unverified_header(token)["kid"] == active.kid)

    wait_until(signs)
    assert time.monotonic() - began < 5
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200, "nobody is logged out"
    assert active.kid in web_keys(shop)


def test_a_revoked_key_opens_no_door_any_more(shop: LiveShop, anna: Person) -> None:
    token = bearer(anna)
    elsewhere = Container(settings=shop.container.settings())
    revoked = elsewhere.keyring().revoke(jwt.get_unverified_header(token)["kid"], at=elsewhere.clock().now())
    assert revoked.state is KeyState.REVOKED
    wait_until(lambda: shop.call("GET", "/v1/users/me", anna).status_code == 401)
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    assert revoked.kid not in web_keys(shop)
    again = shop.log_in(anna.email)
    assert shop.client.get("/v1/users/me", headers=again).status_code == 200
