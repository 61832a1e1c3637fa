"""What attackers try beyond a list: words in disguise, repetitions, and rows of the keyboard.

Each rule speaks about the whole text: that a good passphrase contains `1234` somewhere is no fault.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

_SHORTEST = 4
_DECORATION = string.digits + string.punctuation + " "
_PLAIN_DECORATION = "".join(set(_DECORATION) - set("@$+"))
_DISGUISES = tuple(str.maketrans("@4301!$57+8", f"aaeo{one}issttb") for one in "il")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901",
    *("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+"),
    *("qwertzuiopü+", "asdfghjklöä#", "yxcvbnm,.-", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    *("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/", "1qay", "6zhn"),
)
_STEP = 3
_STEPS = frozenset(
    way[start : start + _STEP]
    for row in _ROWS
    for way in (row, row[::-1])
    for start in range(len(row) - _STEP + 1)
)


def shapes(text: str) -> Iterator[str]:
    """The text and what it may be a disguise of; some of them twice.

    Without the digits and marks around it, with letters for the digits and marks that look like them,
    without what is neither letter nor digit, and any of these together: `P@ssw0rd!23` is a `password`.
    Expects lower case.
    """
    for marks in ("", _DECORATION, _PLAIN_DECORATION):
        for bare in (text.rstrip(marks), text.strip(marks)) if marks else (text,):
            for plain in (bare, *(bare.translate(disguise) for disguise in _DISGUISES)):
                yield plain
                yield "".join(filter(str.isalnum, plain))


def is_sequence(text: str) -> bool:
    """Whether every character belongs to three or more that follow each other in a row, or are the same.

    Rows are the alphabet, the digits and those of English, German, French and Russian keyboards, forwards
    and backwards, and the slanting columns of the first two. Two rows may alternate: `1q2w3e4r`.
    """
    return _is_run(text) or (_is_run(text[0::2]) and _is_run(text[1::2]))


def _is_run(text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    covered = 0  # characters from the first that are in a run
    for start in range(len(text) - _STEP + 1):
        three = text[start : start + _STEP]
        if three in _STEPS or three == three[0] * _STEP:
            covered = start + _STEP
        elif covered <= start:
            return False
    return covered == len(text)


def repeated(text: str) -> str | None:
    """What this text repeats, the last time perhaps not to its end; None where it repeats nothing.

    The smallest period, by the failure function of Knuth, Morris and Pratt. `n` characters have a period
    `p` only if `2p - 1 <= n`: a text that merely ends as it began repeats nothing.
    """
    if len(text) < _SHORTEST:
        return None
    borders = [0]
    for character in text[1:]:
        length = borders[-1]
        while length and character != text[length]:
            length = borders[length - 1]
        borders.append(length + (character == text[length]))
    period = len(text) - borders[-1]
    return text[:period] if 2 * period - 1 <= len(text) else None
