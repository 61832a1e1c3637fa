"""Card numbers in what people write: found, so that none is ever taken in.

A shop whose customers pay at their provider's page holds no card data; somebody who writes a number into an
address or a refund's reason would change that. ISO/IEC 7812-1: 13 to 19 digits, of which the last one is a
check digit. One in ten of all such numbers passes that check by chance, so what is known to be something
else is left out: numbers that begin with 0 or 1 (trunk prefixes, milliseconds since 1970; no network whose
cards a shop takes has those), telephone numbers behind a `+`, UUIDs, long hexadecimal words, IBANs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote_plus

SHORTEST, LONGEST = 13, 19
_SOMETHING_ELSE = re.compile(
    r"(?<![^\W_])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,})(?![^\W_])|(?<!\w)\+\d+",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_DIGITS = re.compile(r"\d+(?:[\W_]{1,3}\d+)*")
_GROUP = re.compile(r"\d+")
_DIGIT_BY_DIGIT = re.compile(r"(?<!\d)\d(?:[\W_]{1,3}\d(?!\d))+")
_DOUBLED = str.maketrans("0123456789", "0246813579")


def holds_card_number(text: str) -> bool:
    """Whether a text has a card number in it, also grouped, percent-encoded or in other scripts' digits."""
    if "%" in text and _written_out(unquote_plus(text)):
        return True
    return _written_out(text)


def _written_out(text: str) -> bool:
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(each, each)) for each in text)
    text = _IBAN.sub(lambda found: "x" if _is_iban(found[0]) else found[0], text)
    text = _SOMETHING_ELSE.sub("x", text)
    return any(
        _luhn(number)
        for digits in _DIGITS.findall(text)
        for number in _numbers(_GROUP.findall(_DIGIT_BY_DIGIT.sub(_joined, digits)))
    )


def _joined(spelled: re.Match[str]) -> str:
    return "".join(_GROUP.findall(spelled[0]))


def _numbers(groups: list[str]) -> Iterator[str]:
    """What somebody may have meant who wrote digits in groups: dates in a row are no card, `4242 4242` is."""
    for first, begins in enumerate(groups):
        if begins[0] in "01":
            continue
        number, sizes = "", list[int]()
        for group in groups[first : first + 5]:
            number += group
            sizes.append(len(group))
            if len(number) > LONGEST or not _one_number(sizes):
                break
            if len(number) >= SHORTEST:
                yield number


def _one_number(sizes: list[int]) -> bool:
    """Groups of one size and perhaps a shorter last one; or of four, six and the rest, as on two brands."""
    *before, last = sizes
    if sizes[:2] == [4, 6]:
        return len(sizes) == 2 or (len(sizes) == 3 and last in (4, 5))
    return sizes[0] >= 4 and all(size == sizes[0] for size in before) and last <= sizes[0]


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    return (sum(map(int, number[-1::-2])) + sum(map(int, number[-2::-2].translate(_DOUBLED)))) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 13616: read as a number in base 36, its first four characters last, it is 1 modulo 97."""
    plain = text.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1
