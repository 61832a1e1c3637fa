"""What a new password must be."""

from __future__ import annotations

from collections.abc import Iterable

from printapic.domain.errors import Invalid

MIN_LENGTH = 15
MIN_LENGTH_WITH_SECOND_FACTOR = 8
MAX_BYTES = 1024
_SHORTEST_TELLING_WORD = 4


class PasswordTooShort(Invalid):
    code = "password-too-short"

    def __init__(self, min_length: int) -> None:
        super().__init__(f"A password has at least {min_length} characters.", min_length=min_length)


class PasswordTooLong(Invalid):
    code = "password-too-long"

    def __init__(self) -> None:
        super().__init__(f"A password has at most {MAX_BYTES} bytes.", max_bytes=MAX_BYTES)


class PasswordUnreadable(Invalid):
    """Half a character (a lone surrogate): no keyboard types it, so nobody could log in with it."""

    code = "password-unreadable"

    def __init__(self) -> None:
        super().__init__("A password is made of whole characters.")


class PasswordGuessable(Invalid):
    """On the list of what attackers try first, or little more than a word that everybody can see."""

    code = "password-guessable"

    def __init__(self) -> None:
        super().__init__("This password is among the first that somebody would try. Please take another one.")


def check_new_password(password: str, *, second_factor: bool = False, words: Iterable[str] = ()) -> None:
    """NIST SP 800-63B-4, section 3.1.1.2: length, no composition rules, nothing that names the account.

    Expects the normalised form. `words` are the shop's name and the parts of the own address: a password
    of which nothing much remains without them is refused. Raises `PasswordTooShort`, `PasswordTooLong`,
    `PasswordUnreadable` or `PasswordGuessable`.
    """
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise PasswordUnreadable from None
    if size > MAX_BYTES:
        raise PasswordTooLong
    min_length = MIN_LENGTH_WITH_SECOND_FACTOR if second_factor else MIN_LENGTH
    if len(password) < min_length:
        raise PasswordTooShort(min_length)
    if len(_without(password.casefold(), words)) < min_length // 2:
        raise PasswordGuessable


def _without(password: str, words: Iterable[str]) -> str:
    folded = {word.casefold() for word in words}
    for word in sorted(folded, key=len, reverse=True):
        if len(word) >= _SHORTEST_TELLING_WORD:
            password = password.replace(word, "")
    return password
