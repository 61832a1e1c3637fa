"""What no issuer takes, no door takes either: always the one 401, never a breakdown."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.forgeries import Forger, decoded, fuzzed
from tests.integration.http.live_shop import LiveShop, Person

SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Other characters do not fit into a header: the server refuses the request before anybody looks at it."""


@pytest.fixture
def genuine(anna: Person) -> str:
    return anna.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def forger(shop: LiveShop, genuine: str) -> Forger:
    """Somebody who holds the very key that signed a genuine token."""
    header, claims = (json.loads(decoded(part)) for part in genuine.split(".")[:2])
    secret = shop.container.keyring().secret("access token", header["kid"])
    return Forger(key=Ed25519PrivateKey.from_private_bytes(secret), header=header, claims=claims)


def answers(shop: LiveShop, tokens: Iterable[str]) -> Counter[tuple[int, str]]:
    """How often which status and code came back."""
    sent = (
        shop.client.get("/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        for token in tokens
        if SENDABLE.fullmatch(token)
    )
    return Counter((answer.status_code, answer.json().get("code", "")) for answer in sent)


def test_every_forged_token_is_answered_like_any_other(shop: LiveShop, forger: Forger) -> None:
    assert answers(shop, [forger.good]) == {(200, ""): 1}
    found = answers(shop, forger.forgeries().values())
    assert set(found) == {(401, "unauthenticated")}
    assert found.total() > 500


def test_every_damaged_token_is_answered_like_any_other(shop: LiveShop, genuine: str) -> None:
    found = answers(shop, fuzzed([genuine], 600, seed=20261124))
    assert set(found) == {(401, "unauthenticated")}
    assert found.total() > 500
