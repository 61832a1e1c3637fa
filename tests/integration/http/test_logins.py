"""Logins that fail: all alike, whoever was meant and whatever was typed."""

from __future__ import annotations

import secrets

import httpx
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem

TYPED = {
    "another password": "a password of other words",
    "nothing": "",
    "73 bytes": "x" * 73,
    "a NUL": "a password\0of many words",
    "as many characters as the shop reads": "a" * 4096,
    "letters that grow when normalised": "\ufdfa" * 1000,
}


def log_in(shop: LiveShop, email: str, password: str) -> httpx.Response:
    return shop.client.post("/v1/sessions", json={"email": email, "password": password})


@pytest.mark.parametrize("typed", TYPED)
def test_an_account_and_none_are_refused_alike(shop: LiveShop, anna: Person, typed: str) -> None:
    stranger = f"{secrets.token_hex(6)}@example.com"
    known, unknown = (log_in(shop, email, TYPED[typed]) for email in (anna.email, stranger))
    refusals = [problem(answer, 401, "invalid-credentials") for answer in (known, unknown)]
    for refusal in refusals:
        del refusal["request_id"]
    assert refusals[0] == refusals[1]
    assert known.headers.keys() == unknown.headers.keys()


def test_when_too_many_passwords_wait_the_next_one_is_asked_to_come_back(
    shop: LiveShop, anna: Person
) -> None:
    """Others than requests ask the hasher too: programs that embed the shop, and its keeper's commands."""
    hasher = shop.container.hasher()
    assert isinstance(hasher, BcryptPasswordHasher)
    places, taken = hasher._admitted, 0
    while places.acquire(blocking=False):
        taken += 1
    try:
        problem(log_in(shop, anna.email, "a password of other words"), 503, "login-busy")
    finally:
        places.release(taken)
    problem(log_in(shop, anna.email, "a password of other words"), 401, "invalid-credentials")
