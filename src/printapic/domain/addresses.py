"""Postal addresses and countries."""

from __future__ import annotations

import re
import unicodedata

import attrs

from printapic.domain.errors import Invalid

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LIMITS = {"name": 100, "line1": 120, "line2": 120, "postal_code": 16, "city": 80, "region": 80}
_OPTIONAL = {"line2", "region"}


class AddressInvalid(Invalid):
    code = "address-invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The address's {field} {reason}.", field=field)


def country_code(value: str) -> str:
    """An ISO 3166-1 alpha-2 code, such as `DE`. Raises `AddressInvalid`."""
    if not _COUNTRY.fullmatch(value):
        raise AddressInvalid("country", "must be a two-letter ISO 3166 code in capitals")
    return value


def _clean(value: object) -> object:
    if not isinstance(value, str):
        return value
    return " ".join(part for part in unicodedata.normalize("NFC", value).strip().split(" ") if part)


@attrs.frozen(kw_only=True)
class Address:
    """Where a parcel goes. One line of text per field, ready to be printed on a label.

    Raises `AddressInvalid` for an empty or over-long field, a control character (a line break would let
    a name write its own label), or a country that is no ISO 3166 code.
    """

    name: str = attrs.field(converter=_clean)
    line1: str = attrs.field(converter=_clean)
    line2: str | None = attrs.field(converter=_clean, default=None)
    postal_code: str = attrs.field(converter=_clean)
    city: str = attrs.field(converter=_clean)
    region: str | None = attrs.field(converter=_clean, default=None)
    country: str

    def forgotten(self) -> Address:
        """Nobody's address, in the same country: taxes are reported by countries."""
        return Address(
            name="erased", line1="erased", postal_code="erased", city="erased", country=self.country
        )

    def __attrs_post_init__(self) -> None:
        country_code(self.country)
        for field, limit in _LIMITS.items():
            value = getattr(self, field)
            if value is None and field in _OPTIONAL:
                continue
            if not value:
                raise AddressInvalid(field, "must not be empty")
            if len(value) > limit:
                raise AddressInvalid(field, f"must have at most {limit} characters")
            if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
                raise AddressInvalid(field, "must not contain control characters")
