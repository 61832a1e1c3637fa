"""Passwords that attackers try first: a bundled list, and rules for what only plays with it.

`common_passwords.notice.txt` beside the list says where its 110,714 lines come from: SecLists (MIT) and
Django (BSD). ASVS 6.2.4 wants 3,000 that the length rule admits; 9,709 have 15 or more characters.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

from printapic.adapters.users.predictable import is_sequence, repeated, shapes
from printapic.application.ports.secrets import CommonPasswords

_LONGEST = 1024
_ANYTHING_SO_SHORT = 8


class BundledCommonPasswords(CommonPasswords):
    """Common is what is on the list, also in other capitals, as leetspeak, or with marks and digits around.

    So is what makes up at least half of a password, the rest being digits and marks, and

    * walks along rows of the keyboard, the alphabet or the digits (`qwertyuiop12345`), or
    * repeats something of at most 8 characters, or something longer that is common (`passwordpassword`).

    Nobody may have a password of more than 1,024 characters, so of longer ones the beginning is judged.
    The list is loaded when it is first asked, and shared by all.
    """

    def is_common(self, password: str) -> bool:
        text = password[:_LONGEST].casefold()
        return any(
            _listed(shape) or (2 * len(shape) >= len(text) and self._is_predictable(shape))
            for shape in set(shapes(text))
        )

    def _is_predictable(self, text: str) -> bool:
        unit = repeated(text)
        again = unit is not None and (len(unit) <= _ANYTHING_SO_SHORT or self.is_common(unit))
        return again or is_sequence(text)


def _listed(text: str) -> bool:
    """Binary search in the text itself: as a set of strings the list would take ten times the memory."""
    if not text.isascii():
        return False
    lines, wanted = _lines(), text.encode()
    first, end = 0, len(lines)
    while first < end:
        start = lines.rfind(b"\n", first, (first + end) // 2) + 1 or first
        stop = lines.index(b"\n", start)
        found = lines[start:stop]
        if found == wanted:
            return True
        first, end = (stop + 1, end) if found < wanted else (first, start)
    return False


@cache
def _lines() -> bytes:
    packed = files("printapic.adapters.users").joinpath("common_passwords.txt.gz").read_bytes()
    return gzip.decompress(packed)
