"""What every password hasher does."""

from __future__ import annotations

import queue
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.users import PasswordHasher

Make = Callable[[int], PasswordHasher]
"""Takes how costly hashes are to be: 0 as little as can be, 1 and 2 more."""
HASHERS: dict[str, Make] = {"bcrypt": lambda dearer: BcryptPasswordHasher(cost=4 + dearer)}
RIGHT = "correct horse battery staple"
STRANGE = {
    "empty": "",
    "NUL": "correct horse\0battery staple",
    "ten thousand characters": "a" * 10_000,
    "ten thousand letters with accents": "e\u0301" * 5_000,
    "a lone surrogate": "correct horse \ud800 battery",
    "emoji": "🐎" * 300,
}


@pytest.fixture(scope="module", params=HASHERS)
def hasher(request: pytest.FixtureRequest) -> PasswordHasher:
    return HASHERS[request.param](0)


@pytest.fixture(scope="module", params=HASHERS)
def make(request: pytest.FixtureRequest) -> Make:
    return HASHERS[request.param]


def test_the_right_password_fits_its_hash_and_no_other(hasher: PasswordHasher) -> None:
    stored = hasher.hash(RIGHT)
    assert hasher.verify(RIGHT, stored)
    assert not hasher.verify(RIGHT + " ", stored)
    assert not hasher.verify(RIGHT.upper(), stored)
    assert not hasher.verify("", stored)


def test_a_hash_does_not_show_the_password_nor_who_else_has_it(hasher: PasswordHasher) -> None:
    one, other = hasher.hash(RIGHT), hasher.hash(RIGHT)
    assert one != other
    assert RIGHT not in one
    assert one.isascii()


def test_every_byte_counts_far_beyond_the_72_of_bcrypt(hasher: PasswordHasher) -> None:
    stored = hasher.hash("x" * 1023 + "y")
    assert hasher.verify("x" * 1023 + "y", stored)
    assert not hasher.verify("x" * 1023 + "z", stored)
    assert not hasher.verify("x" * 1023, stored)


def test_what_stands_behind_a_nul_counts(hasher: PasswordHasher) -> None:
    stored = hasher.hash("correct horse\0battery")
    assert hasher.verify("correct horse\0battery", stored)
    assert not hasher.verify("correct horse\0stapler", stored)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("e\u0301" * 20, "é" * 20), ("\uff50assword", "password"), ("\ufb01nally home", "finally home")],
)
def test_two_ways_to_type_the_same_letters_are_one_password(
    hasher: PasswordHasher, typed: str, meant: str
) -> None:
    assert hasher.verify(typed, hasher.hash(meant))
    assert hasher.verify(meant, hasher.hash(typed))


@pytest.mark.parametrize("password", STRANGE.values(), ids=STRANGE)
def test_a_strange_password_is_just_a_wrong_one(hasher: PasswordHasher, password: str) -> None:
    assert not hasher.verify(password, hasher.hash(RIGHT))
    assert not hasher.verify(password, None)


@pytest.mark.parametrize("password", STRANGE.values(), ids=STRANGE)
def test_a_strange_password_has_a_hash_that_no_other_password_fits(
    hasher: PasswordHasher, password: str
) -> None:
    stored = hasher.hash(password)
    for guess in {RIGHT, *STRANGE.values()} - {password}:
        assert not hasher.verify(guess, stored)


@pytest.mark.parametrize("password", [STRANGE["ten thousand characters"], STRANGE["a lone surrogate"]])
def test_nobody_can_log_in_with_a_password_that_is_none(hasher: PasswordHasher, password: str) -> None:
    assert not hasher.verify(password, hasher.hash(password))


@pytest.mark.parametrize(
    "stored",
    ["", "x", "$", "$2b$", "\0", "plain:secret", "$bcrypt-sha256$v=2,t=2b,r=04$short$digest", "é" * 60],
)
def test_a_stored_hash_that_is_none_fits_no_password(hasher: PasswordHasher, stored: str) -> None:
    assert not hasher.verify(RIGHT, stored)
    assert not hasher.verify(stored, stored)


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_a_damaged_hash_fits_no_password(hasher: PasswordHasher, cut: int) -> None:
    stored = hasher.hash(RIGHT)
    assert not hasher.verify(RIGHT, stored[:-cut])
    assert not hasher.verify(RIGHT, stored + "x" * cut)
    assert not hasher.verify(RIGHT, stored[: -cut - 1] + "\n" + stored[-cut:])


def test_nothing_fits_the_absence_of_an_account(hasher: PasswordHasher) -> None:
    assert not hasher.verify(RIGHT, None)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=st.text(alphabet=st.characters(), max_size=40), other=st.text(max_size=40))
def test_any_text_is_answered(hasher: PasswordHasher, password: str, other: str) -> None:
    stored = hasher.hash(password)
    same = unicodedata.normalize("NFKC", password) == unicodedata.normalize("NFKC", other)
    readable = not any("\ud800" <= character <= "\udfff" for character in password)
    assert hasher.verify(password, stored) is readable
    assert hasher.verify(other, stored) is (same and readable)
    assert not hasher.verify(other, password)


def test_threads_do_not_disturb_each_other(hasher: PasswordHasher) -> None:
    passwords = [f"the password of customer {number}" for number in range(12)]
    with ThreadPoolExecutor(2) as threads:
        hashes = list(threads.map(hasher.hash, passwords))
        assert all(threads.map(hasher.verify, passwords, hashes))
        assert not any(threads.map(hasher.verify, passwords, [*hashes[1:], hashes[0]]))


def test_a_hash_of_another_cost_or_kind_needs_an_upgrade(make: Make) -> None:
    cheap, usual, dear = make(0), make(1), make(2)
    assert not usual.needs_upgrade(usual.hash(RIGHT))
    for stored in (cheap.hash(RIGHT), dear.hash(RIGHT), "", "garbage", "$2b$05$" + "a" * 53, "\ud800"):
        assert usual.needs_upgrade(stored)


def test_an_upgraded_hash_fits_the_same_password_and_needs_no_other(make: Make) -> None:
    hasher, renewed = make(1), queue.Queue[str]()
    hasher.upgrade(RIGHT, renewed.put)
    new = renewed.get(timeout=30)
    assert hasher.verify(RIGHT, new)
    assert not hasher.verify(RIGHT + " ", new)
    assert not hasher.needs_upgrade(new)


def test_an_upgrade_is_made_while_the_caller_goes_on(make: Make) -> None:
    hasher, renewed = make(0), queue.Queue[int]()
    may_store = threading.Event()

    def store(new: str) -> None:
        assert may_store.wait(30), "upgrade() has returned before its hash is stored"
        renewed.put(threading.get_ident())

    hasher.upgrade(RIGHT, store)
    may_store.set()
    assert renewed.get(timeout=30) != threading.get_ident()


def test_what_goes_wrong_with_one_upgrade_is_nobody_elses_business(make: Make) -> None:
    hasher, renewed = make(0), queue.Queue[str]()

    def fail(new: str) -> None:
        raise RuntimeError("the database is gone")

    hasher.upgrade(RIGHT, fail)
    hasher.upgrade(RIGHT, renewed.put)
    assert hasher.verify(RIGHT, renewed.get(timeout=30))


def test_any_number_of_upgrades_may_be_asked_for(make: Make) -> None:
    hasher, renewed = make(0), queue.Queue[str]()
    for _ in range(500):
        hasher.upgrade(RIGHT, renewed.put)
    assert hasher.verify(RIGHT, renewed.get(timeout=30))


def test_what_is_expected_changes_no_answer(make: Make) -> None:
    cheap, dear = make(0), make(2)
    stored = cheap.hash(RIGHT)
    for sample in (dear.hash(RIGHT), "", "garbage", "\ud800"):
        cheap.expect(sample)
        assert cheap.verify(RIGHT, stored)
        assert not cheap.verify(RIGHT, None)
        assert not cheap.needs_upgrade(cheap.hash(RIGHT))
