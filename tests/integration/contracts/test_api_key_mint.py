"""What every mint of API keys does."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.users.api_keys import Environment, PrefixedApiKeyMint
from printapic.application.ports.secrets import ApiKeyMint
from printapic.domain.ids import ApiKeyId

Make = Callable[[Environment], ApiKeyMint]
MINTS: dict[str, Make] = {"prefixed": lambda environment: PrefixedApiKeyMint(environment=environment)}
ID = ApiKeyId(UUID("019aabcd-0000-7000-8000-0000000a9e1d"))
FORM = re.compile(r"pap_(live|test)_[0-9A-Za-z]+_[0-9A-Za-z]+")
CHECKSUM = 6
LETTERS = string.ascii_letters + string.digits


@pytest.fixture(params=MINTS)
def make(request: pytest.FixtureRequest) -> Make:
    return MINTS[request.param]


@pytest.fixture
def mint(make: Make) -> ApiKeyMint:
    return make("live")


@pytest.mark.parametrize("number", [0, 1, ID.int, 2**127, 2**128 - 1])
def test_a_key_says_whose_it_is(mint: ApiKeyMint, number: int) -> None:
    key_id = ApiKeyId(UUID(int=number))
    assert mint.key_id(mint.mint(key_id)) == key_id


@settings(max_examples=30)
@given(st.uuids())
def test_a_key_of_any_id_says_whose_it_is(number: UUID) -> None:
    for make in MINTS.values():
        mint = make("test")
        assert mint.key_id(mint.mint(ApiKeyId(number))) == number


def test_a_key_has_a_form_that_scanners_find_and_that_one_double_click_selects(mint: ApiKeyMint) -> None:
    keys = [mint.mint(ID) for _ in range(50)]
    assert all(FORM.fullmatch(key) for key in keys)
    assert len({len(key) for key in keys}) == 1
    assert all(key.startswith("pap_live_") for key in keys)
    assert re.fullmatch(r"\w+", keys[0], re.ASCII)
    assert len(keys[0]) < 100


def test_two_keys_of_one_id_share_nothing_of_their_secret(mint: ApiKeyMint) -> None:
    secrets = [mint.mint(ID).rpartition("_")[2] for _ in range(300)]
    assert len(set(secrets)) == 300
    for place in range(len(secrets[0]) - CHECKSUM):
        assert len({secret[place] for secret in secrets}) > 30, "every character is random"


def test_a_key_of_another_environment_is_no_key(make: Make) -> None:
    live, test = make("live"), make("test")
    assert live.key_id(test.mint(ID)) is None
    assert test.key_id(live.mint(ID)) is None
    assert live.key_id(test.mint(ID).replace("_test_", "_live_")) is None


def test_every_single_changed_character_is_noticed(mint: ApiKeyMint) -> None:
    key = mint.mint(ID)
    for place, right in enumerate(key):
        for wrong in set(LETTERS + "_- \0\u0660é\ud800") - {right}:
            assert mint.key_id(key[:place] + wrong + key[place + 1 :]) is None


def test_two_characters_that_changed_places_are_noticed(mint: ApiKeyMint) -> None:
    key = mint.mint(ID)
    for place in range(len(key) - 1):
        swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        assert (mint.key_id(swapped) is None) is (swapped != key)


def test_a_key_that_was_cut_or_lengthened_is_no_key(mint: ApiKeyMint) -> None:
    key = mint.mint(ID)
    for length in range(len(key)):
        assert mint.key_id(key[:length]) is None
        assert mint.key_id(key[length + 1 :]) is None
    for more in ("0", "_", "\n", " ", "\0", "="):
        assert mint.key_id(key + more) is None
        assert mint.key_id(more + key) is None
    for other in (key.upper(), key.lower(), key[::-1], f"Bearer {key}", key * 20_000):
        assert mint.key_id(other) is None


def test_ten_thousand_odd_strings_are_answered(mint: ApiKeyMint) -> None:
    dice = random.Random(20261122)
    key = mint.mint(ID)
    pieces = [*key, *key.split("_"), "pap_", "live", "_", "\ud800", "\0", "é", "٣", "0" * 22, "z" * 22]
    for _ in range(10_000):
        odd = "".join(dice.choices(pieces, k=dice.randint(0, 12)))
        start = dice.randrange(len(key))
        for text in (odd, key[:start] + odd + key[start + len(odd) :]):
            assert mint.key_id(text) == (ID if text == key else None)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.from_regex(r"\Apap_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}\Z"))
def test_any_text_is_answered(mint: ApiKeyMint, text: str) -> None:
    assert mint.key_id(text) is None
