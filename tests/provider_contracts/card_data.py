"""No request of ours may ever carry card data: neither a number nor the object that would hold one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_CARD_OBJECTS = {"card", "card_present", "tokenized_card", "decrypted_token"}
_SECRETS_OF_CARDS = {"cvc", "cvv", "cvv2", "security_code", "cvc_token"}
# Bounded by what is no hexadecimal digit either: an id in hexadecimal is no card number.
_NUMBER = re.compile(
    r"(?<![0-9A-Fa-f])"
    r"(?:\d{13,19}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5})"
    r"(?![0-9A-Fa-f])",
    re.ASCII,
)


def card_data(value: Any, where: str = "$") -> Iterator[str]:
    """Where a decoded body, a query or a path has card data in it. The message never quotes it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in _SECRETS_OF_CARDS or (name in _CARD_OBJECTS and isinstance(inner, Mapping)):
                yield f"{where}.{name}: card data"
            yield from card_data(name, f"{where} (a name)")
            yield from card_data(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from card_data(inner, f"{where}[{index}]")
    elif isinstance(value, str | int | float) and any(map(_luhn, _NUMBER.findall(str(value)))):
        yield f"{where}: looks like a card number"


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, the sum divisible by ten."""
    digits = [int(each) for each in number if each.isdigit()]
    doubled = (2 * each - 9 * (each > 4) for each in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
