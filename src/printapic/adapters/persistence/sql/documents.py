"""Frozen values as JSON documents, written and read by hand.

Field names here are the stored format, not the domain's: renaming an attribute changes nothing stored.
A new field is read with a default, because documents written before it exist for good; readers ignore
what they do not know, so that the last release can read what this one writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from printapic.domain.addresses import Address
from printapic.domain.crops import CropRecipe
from printapic.domain.money import Currency, Money
from printapic.domain.orders.line import Acknowledgement, PrintCheck, PrintFile
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, ResolutionBands

Document = Mapping[str, Any]


def money(minor: int, currency: str) -> Money:
    """An amount as it was written: money that came may be in a currency that the shop does not trade in."""
    return Money(minor, Currency.known(currency))


def write_time(moment: datetime | None) -> str | None:
    """ISO 8601 with the zone."""
    return None if moment is None else moment.isoformat()


def read_time(text: str | None) -> datetime | None:
    """The moment that `write_time` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def write_specification(specification: PrintSpecification) -> Document:
    """Millimetres as decimal text, so that 152.4 stays 152.4."""
    bands = specification.bands
    return {
        "trim_mm": [str(specification.trim.width_mm), str(specification.trim.height_mm)],
        "bleed_mm": str(specification.bleed_mm),
        "safe_mm": str(specification.safe_mm),
        "dpi": specification.dpi,
        "orientation": specification.orientation.value,
        "bands_dpi": {"inform": bands.inform_dpi, "warn": bands.warn_dpi, "block": bands.block_dpi},
        "colour_profile": specification.colour_profile,
    }


def read_specification(document: Document) -> PrintSpecification:
    """The specification that `write_specification` wrote."""
    width, height = document["trim_mm"]
    bands = document["bands_dpi"]
    return PrintSpecification(
        trim=PrintSize(Decimal(width), Decimal(height)),
        bleed_mm=Decimal(document["bleed_mm"]),
        safe_mm=Decimal(document["safe_mm"]),
        dpi=document["dpi"],
        orientation=Orientation(document["orientation"]),
        bands=ResolutionBands(inform_dpi=bands["inform"], warn_dpi=bands["warn"], block_dpi=bands["block"]),
        colour_profile=document["colour_profile"],
    )


def write_address(address: Address) -> Document:
    """An address, field by field."""
    return {
        "name": address.name,
        "line1": address.line1,
        "line2": address.line2,
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": address.country,
    }


def read_address(document: Document) -> Address:
    """The address that `write_address` wrote."""
    return Address(
        name=document["name"],
        line1=document["line1"],
        line2=document["line2"],
        postal_code=document["postal_code"],
        city=document["city"],
        region=document["region"],
        country=document["country"],
    )


def write_crop(crop: CropRecipe | None) -> Document | None:
    """A crop in millionths of the photo's sides."""
    return None if crop is None else {"x": crop.x, "y": crop.y, "width": crop.width, "height": crop.height}


def read_crop(document: Document | None) -> CropRecipe | None:
    """The crop that `write_crop` wrote."""
    if document is None:
        return None
    return CropRecipe(document["x"], document["y"], document["width"], document["height"])


def write_check(check: PrintCheck) -> Document:
    """What preflight said."""
    return {
        "verdict": check.verdict,
        "effective_dpi": check.effective_dpi,
        "warnings": list(check.warnings),
        "blocks": list(check.blocks),
    }


def read_check(document: Document) -> PrintCheck:
    """The verdict that `write_check` wrote."""
    return PrintCheck(
        verdict=document["verdict"],
        effective_dpi=document["effective_dpi"],
        warnings=tuple(document["warnings"]),
        blocks=tuple(document["blocks"]),
    )


def write_acknowledgement(consent: Acknowledgement) -> Document:
    """The customer's consent to one warning."""
    return {"code": consent.code, "effective_dpi": consent.effective_dpi, "at": write_time(consent.at)}


def read_acknowledgement(document: Document) -> Acknowledgement:
    """The consent that `write_acknowledgement` wrote."""
    return Acknowledgement(
        code=document["code"],
        effective_dpi=document["effective_dpi"],
        at=datetime.fromisoformat(document["at"]),
    )


def write_print_file(file: PrintFile | None) -> Document | None:
    """The printer's file."""
    if file is None:
        return None
    return {
        "key": file.key,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "width_px": file.width_px,
        "height_px": file.height_px,
    }


def read_print_file(document: Document | None) -> PrintFile | None:
    """The file that `write_print_file` wrote."""
    if document is None:
        return None
    return PrintFile(
        key=document["key"],
        sha256=document["sha256"],
        size_bytes=document["size_bytes"],
        width_px=document["width_px"],
        height_px=document["height_px"],
    )
