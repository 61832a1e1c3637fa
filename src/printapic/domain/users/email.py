"""E-mail addresses, and the key under which two spellings of one address are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

import attrs

from printapic.domain.errors import Invalid

_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+(?!\d+$)(?=..){_LABEL}", re.ASCII)
# The standard library knows IDNA 2003, which turns these into other letters, and so into another
# domain than today's (UTS 46): the mail would go to a stranger. The ASCII form says what is meant.
_ELSEWHERE_TODAY = frozenset("ßẞς\u200c\u200d")

# Letters and marks that Unicode calls Default_Ignorable: they are drawn as nothing.
_FILLER = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class EmailInvalid(Invalid):
    code = "email-invalid"

    def __init__(self) -> None:
        super().__init__("This is not an e-mail address.")


@attrs.frozen
class EmailAddress:
    """`address` is where mail is sent; `key` identifies the account.

    Nothing in an address is invisible: two accounts that look the same are the same.
    The key is the NFKC form with a case-folded local part and an IDNA domain, so that `ANNA@Exämple.de`
    and `anna@xn--exmple-cua.de` are one account, while mail always goes to the stored spelling.
    """

    address: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `EmailInvalid`."""
        local, at, domain = unicodedata.normalize("NFKC", text.strip()).rpartition("@")
        try:
            ascii_domain = domain.encode("idna").decode().lower()
        except UnicodeError:
            raise EmailInvalid from None
        if not at or not _local_part(local) or not _DOMAIN.fullmatch(ascii_domain):
            raise EmailInvalid
        if _ELSEWHERE_TODAY & set(domain) or any(map(_invisible, domain)):
            raise EmailInvalid
        return cls(address=f"{local}@{ascii_domain}", key=f"{local.casefold()}@{ascii_domain}")


def _local_part(local: str) -> bool:
    """`=?` begins an encoded word (RFC 2047), which mail libraries decode into whatever it hides."""
    dotted = local.startswith(".") or local.endswith(".") or ".." in local
    return (
        not dotted
        and "=?" not in local
        and not any(map(_invisible, local))
        and _LOCAL.fullmatch(local) is not None
    )


def _invisible(character: str) -> bool:
    """Controls, joiners, marks of direction, lone surrogates, unassigned, all kinds of space, fillers."""
    return unicodedata.category(character)[0] in "CZ" or _FILLER.match(character) is not None
