"""E-mail addresses, and the key under which two spellings of one address are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

import attrs

from printapic.domain.errors import Invalid

_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.ASCII)


class EmailInvalid(Invalid):
    code = "email-invalid"

    def __init__(self) -> None:
        super().__init__("This is not an e-mail address.")


@attrs.frozen
class EmailAddress:
    """`address` is where mail is sent; `key` identifies the account.

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
        well_formed = _LOCAL.fullmatch(local) and not local.startswith(".") and not local.endswith(".")
        if not at or not well_formed or ".." in local or not _DOMAIN.fullmatch(ascii_domain):
            raise EmailInvalid
        return cls(address=f"{local}@{ascii_domain}", key=f"{local.casefold()}@{ascii_domain}")
