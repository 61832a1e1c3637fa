"""Paper: sizes in millimetres, pixels at a print resolution, and what a laboratory needs to know."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import attrs

MM_PER_INCH = Fraction(254, 10)


def pixels(length_mm: Decimal | Fraction, dpi: int) -> int:
    """The whole number of pixels that cover a length, rounded half up on exact rationals.

    Always ask for the whole length: rounded parts do not add up (35.43 px of bleed per side).
    """
    return int((Fraction(length_mm) * dpi / MM_PER_INCH + Fraction(1, 2)) // 1)


@attrs.frozen
class PrintSize:
    """Paper after cutting, width by height."""

    width_mm: Decimal
    height_mm: Decimal

    def __attrs_post_init__(self) -> None:
        if not (self.width_mm > 0 and self.height_mm > 0):
            raise ValueError("a print has a width and a height")

    def turned(self) -> PrintSize:
        return PrintSize(self.height_mm, self.width_mm)

    @property
    def ratio(self) -> Fraction:
        return Fraction(self.width_mm) / Fraction(self.height_mm)

    def __str__(self) -> str:
        return f"{self.width_mm.normalize():f}x{self.height_mm.normalize():f} mm"


class Orientation(StrEnum):
    """`EITHER`: the paper turns with the photo. `FIXED`: it does not."""

    EITHER = "either"
    FIXED = "fixed"


@attrs.frozen(kw_only=True)
class ResolutionBands:
    """Effective resolutions (dots per inch) under which preflight informs, warns and blocks.

    They follow from the distance at which a print is looked at; see `default_bands`.
    """

    inform_dpi: int
    warn_dpi: int
    block_dpi: int

    def __attrs_post_init__(self) -> None:
        if not 0 < self.block_dpi <= self.warn_dpi <= self.inform_dpi:
            raise ValueError("bands must satisfy 0 < block <= warn <= inform")


def default_bands(viewing_cm: int) -> ResolutionBands:
    """Bands for a viewing distance, from the acuity of the eye: one arc-minute, 3438 / inches.

    The target lies between 150 and 300 dpi; two thirds of it warn, a third (at least 72 dpi) blocks.
    """
    inform = min(300, max(150, _up_to_ten(Fraction(8732, viewing_cm))))
    warn = _up_to_ten(Fraction(2 * inform, 3))
    return ResolutionBands(
        inform_dpi=inform, warn_dpi=warn, block_dpi=max(72, _up_to_ten(Fraction(inform, 3)))
    )


def _up_to_ten(value: Fraction) -> int:
    return int(-(-value // 10)) * 10


@attrs.frozen(kw_only=True)
class PrintSpecification:
    """Everything the printer needs to make one product from one photo.

    The image must reach `bleed_mm` past the trim on every side; nothing that matters should lie within
    `safe_mm` of it. `dpi` is the resolution of the print file.
    """

    trim: PrintSize
    bleed_mm: Decimal
    safe_mm: Decimal
    dpi: int
    orientation: Orientation
    bands: ResolutionBands
    colour_profile: str = "srgb"

    def trim_for(self, *, landscape: bool) -> PrintSize:
        """The trim as it lies for a photo of this format: an `EITHER` paper turns with it."""
        lies_landscape = self.trim.width_mm > self.trim.height_mm
        square = self.trim.width_mm == self.trim.height_mm
        if self.orientation is Orientation.FIXED or square or lies_landscape == landscape:
            return self.trim
        return self.trim.turned()
