"""Disguises, rows of keys and repetitions, each rule on its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.users.predictable import is_sequence, repeated, shapes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password", "password"),
        ("p@$$w0rd!23", "password"),
        ("--1love--", "love"),
        ("m1ke", "mike"),
        ("he1p", "help"),
        ("p-a-s-s", "pass"),
        ("a$$2024!", "ass"),
    ],
)
def test_a_disguise_is_looked_through(text: str, shown: str) -> None:
    assert shown in set(shapes(text))


def test_what_is_only_marks_is_nothing_and_itself() -> None:
    assert {"", "!!!"} <= set(shapes("!!!"))
    assert set(shapes("")) == {""}


@pytest.mark.parametrize(
    "text",
    "abcd 4321 8901 qwerty lkjhg aaaa abccba abcdcba 123qwe abcxyz a1b2c3d4 xxxyyy".split(),
)
def test_rows_are_followed(text: str) -> None:
    assert is_sequence(text)


@pytest.mark.parametrize(
    "text", ["", "a", "abc", "abcx", "xabc", "abcxdef", "abxyz", "acegik", "a1b2c", "aabb", "qwpo", "abc de"]
)
def test_a_gap_ends_a_row(text: str) -> None:
    assert not is_sequence(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("aaaa", "a"),
        ("abab", "ab"),
        ("ababa", "ab"),
        ("abcabc", "abc"),
        ("abcab", "abc"),
        ("password password", "password "),
        ("abcd", None),
        ("abca", None),
        ("abcdabc", "abcd"),
        ("abcdab", None),
        ("aaa", None),
        ("", None),
        ("aabaaab", "aaba"),
        ("abacabadabacaba", "abacabad"),
    ],
)
def test_the_smallest_unit_that_is_repeated_is_found(text: str, unit: str | None) -> None:
    assert repeated(text) == unit


@given(st.text(alphabet="ab", max_size=24))
def test_the_unit_is_the_one_that_trying_all_would_find(text: str) -> None:
    periods = [
        size
        for size in range(1, len(text) + 1)
        if 2 * size - 1 <= len(text) and all(text[at] == text[at - size] for at in range(size, len(text)))
    ]
    expected = text[: periods[0]] if periods and len(text) >= 4 else None
    assert repeated(text) == expected
