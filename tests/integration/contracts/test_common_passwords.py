"""What every list of common passwords knows, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.adapters.users.common_passwords import BundledCommonPasswords
from printapic.application.ports.secrets import CommonPasswords

LISTS: dict[str, Callable[[], CommonPasswords]] = {"bundled": BundledCommonPasswords}
COMMON = [
    *("password", "12345678", "qwertyuiop", "iloveyou", "manchesterunited", "passwordpassword"),
    *("PASSWORD", "PaSsWoRd", "ManchesterUnited"),
    *("qwertyuiopasdfgh", "123456789012345", "abcdefghijklmnop", "ponmlkjihgfedcba", "098765432109876"),
    *("dragondragondragon", "PasswordPassword", "aaaaaaaaaaaaaaaa", "               ", "xyxyxyxyxyxyxyxyx"),
]
GOOD = [
    "correct horse battery staple",
    "nineteen blue herons",
    "four random words here",
    "aXb9Kq2LmP7sR4t",
    "ünïcödé pässphräse",
    "山田さんの青い自転車は速いですよね",
    "I had 1234 kittens, once",
]


@pytest.fixture(params=LISTS)
def passwords(request: pytest.FixtureRequest) -> CommonPasswords:
    return LISTS[request.param]()


@pytest.mark.parametrize("password", COMMON)
def test_what_attackers_try_first_is_common(passwords: CommonPasswords, password: str) -> None:
    assert passwords.is_common(password)


@pytest.mark.parametrize("password", GOOD)
def test_what_somebody_thought_about_is_not(passwords: CommonPasswords, password: str) -> None:
    assert not passwords.is_common(password)


@pytest.mark.parametrize(
    ("text", "common"),
    [
        *(("", False), (" ", False), ("\0", False), ("\ud800", False), ("\ud800" * 20, True)),
        *(("x" * 1_000_000, True), ("ab" * 500_000, True)),
    ],
    ids=range(7),
)
def test_odd_texts_are_answered(passwords: CommonPasswords, text: str, common: bool) -> None:
    assert passwords.is_common(text) is common


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_answered_whatever_its_capitals(text: str) -> None:
    for make in LISTS.values():
        assert make().is_common(text) is make().is_common(text.casefold())
