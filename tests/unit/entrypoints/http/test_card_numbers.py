"""Card numbers in what people write, and long numbers that are none."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.entrypoints.http.card_numbers import holds_card_number

VISA, AMEX, DINERS = "4242424242424242", "378282246310005", "30569309025904"

CHANCE = (
    "1700000000004",
    "order-1731234567898-abcdef",
    "+4915112345678",
    "00491511234560",
    "NO7490669074391",
)
"""Milliseconds since 1970, telephone numbers and a bank account: their last digit would make them pass."""


@pytest.mark.parametrize(
    "text",
    [
        VISA,
        AMEX,
        DINERS,
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "6011000990139424",
        "6205500000000000004",
        "3566002020360505",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242",
        "4242 - 4242 - 4242 - 4242",
        "42424242 42424242",
        "3782 822463 10005",
        "3056 930902 5904",
        "6205 5000 0000 0000 004",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "".join(chr(0xFF10 + int(digit)) for digit in VISA),
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "4242424242424242 12/28 123",
        "4242 4242 4242 4242 12 28 123",
        "12/28 4242 4242 4242 4242",
        "paid with 4242424242424242, please refund",
        "card4242424242424242",
        "4242424242424242Ada",
        "pan_4242424242424242_12",
        "https://shop.example/back?pan=4242%204242%204242%204242",
        "https://shop.example/back?pan=4242+4242+4242+4242",
        "https://shop.example/%34242424242424242",
        "DE00 4242 4242 4242 4242",
        "100%4242424242424242",
    ],
)
def test_a_card_number_is_found_however_it_is_written(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lindenstraße 12, 10969 Berlin",
        "4242424242424241",
        "424242424242",
        "42424242424242424242",
        "4242 4242 4242 4241",
        "4242 abc 4242 abc 4242 4242",
        "2026-11-23 2026-11-24 2026-11-26",
        "0000000000000000",
        *CHANCE,
        "DE90 3704 0044 6834 4978 69 is where it went",
        "019a1c5e-4242-7d0e-8424-242424242424",
        "key_42424242-4242-4242-8242-424242424242",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b4242424242424242cd15d6c15b0f00a08",
    ],
)
def test_other_numbers_pass(text: str) -> None:
    assert not holds_card_number(text)


def test_numbers_known_to_be_something_else_pass_for_what_they_are() -> None:
    assert holds_card_number("4915112345678")
    assert holds_card_number("7490669074391")
    assert holds_card_number("NO7590669074391".replace("75", "00 74"))
    assert holds_card_number("3704004468344978")


@given(st.text(alphabet="0123456789", min_size=11, max_size=17), st.sampled_from("23456789"))
def test_one_last_digit_in_ten_makes_a_card_number(middle: str, first: str) -> None:
    assert sum(holds_card_number(first + middle + last) for last in "0123456789") == 1


@given(st.uuids(), st.sampled_from(["{}", "back-to-{}", "https://shop.example/orders/{}?again={}"]))
def test_our_ids_are_never_refused(value: uuid.UUID, text: str) -> None:
    for spelling in (str(value), value.hex, str(value).upper()):
        assert not holds_card_number(text.format(spelling, spelling))


@given(st.text(max_size=500))
def test_no_text_whatever_breaks_the_search(text: str) -> None:
    assert holds_card_number(text) in (True, False)


def test_a_long_row_of_digits_is_searched_at_once() -> None:
    assert not holds_card_number("0 " * 30_000)
    assert not holds_card_number("0%30" * 15_000)
    assert holds_card_number("0 " * 20_000 + VISA)
