"""What a new password must be, and what it need not be."""

from __future__ import annotations

import pytest

from printapic.domain.users.password import (
    PasswordGuessable,
    PasswordTooLong,
    PasswordTooShort,
    PasswordUnreadable,
    check_new_password,
)


@pytest.mark.parametrize(
    "password", ["fifteen letters", "ü" * 512, "x" * 1024, "🐎" * 15, "a\0b" * 5, " " * 15]
)
def test_a_password_needs_length_and_nothing_else(password: str) -> None:
    check_new_password(password)


@pytest.mark.parametrize("password", ["", "x" * 14, "🐎" * 14])
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooShort) as refusal:
        check_new_password(password)
    assert refusal.value.details == {"min_length": 15}


@pytest.mark.parametrize("password", ["x" * 1025, "ü" * 513, "🐎" * 257])
def test_a_password_of_more_bytes_than_can_be_checked_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooLong) as refusal:
        check_new_password(password)
    assert refusal.value.details == {"max_bytes": 1024}


def test_a_password_that_nobody_can_type_is_refused() -> None:
    with pytest.raises(PasswordUnreadable):
        check_new_password("half a character: \ud800")


def test_with_a_second_factor_eight_characters_are_enough() -> None:
    check_new_password("x7 paper", second_factor=True)
    with pytest.raises(PasswordTooShort) as refusal:
        check_new_password("x7paper", second_factor=True)
    assert refusal.value.details == {"min_length": 8}


@pytest.mark.parametrize(
    "password", ["PrintAPic PrintAPic", "anna@example.org123", "printapic-anna-example.org"]
)
def test_a_password_is_more_than_the_shop_and_the_own_address(password: str) -> None:
    with pytest.raises(PasswordGuessable):
        check_new_password(password, words=["PrintAPic", "anna@example.org", "anna", "example.org"])


def test_a_short_word_in_the_address_does_not_spoil_a_good_password() -> None:
    check_new_password("a bored otter sings", words=["bo", "ott"])
