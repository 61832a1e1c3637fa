"""The crop recipe: which part of a photo the customer wants to hold in their hands."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

import attrs

from printapic.domain.errors import Invalid

MILLION = 1_000_000


class CropInvalid(Invalid):
    code = "crop-invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The crop {reason}.")


@attrs.frozen
class PixelBox:
    """A rectangle of whole pixels; `right` and `bottom` lie just outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width_px(self) -> int:
        return self.right - self.left

    @property
    def height_px(self) -> int:
        return self.bottom - self.top


def _inside(instance: CropRecipe, attribute: object, value: int) -> None:
    if not 0 <= value <= MILLION:
        raise CropInvalid("must lie inside the photo")


@attrs.frozen
class CropRecipe:
    """A part of the *upright* photo, in millionths of its width and height.

    It is the trim box: what is left after cutting. Bleed is found around it when the print file is
    made, so a recipe stays valid for any laboratory and any size of the photo. Raises `CropInvalid`.
    """

    x: int = attrs.field(validator=_inside)
    y: int = attrs.field(validator=_inside)
    width: int = attrs.field(validator=_inside)
    height: int = attrs.field(validator=_inside)

    def __attrs_post_init__(self) -> None:
        if self.width == 0 or self.height == 0:
            raise CropInvalid("must not be empty")
        if self.x + self.width > MILLION or self.y + self.height > MILLION:
            raise CropInvalid("must lie inside the photo")

    @classmethod
    def of(cls, x: Decimal, y: Decimal, width: Decimal, height: Decimal) -> Self:
        """Read fractions of the photo between 0 and 1, with at most six decimals."""
        return cls(*(_millionths(value) for value in (x, y, width, height)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `x,y,width,height` as it stands in a URL: `0.1,0.15,0.6,0.675`."""
        parts = text.split(",")
        if len(parts) != 4:
            raise CropInvalid("is four numbers: x,y,width,height")
        try:
            return cls.of(*(Decimal(part) for part in parts))
        except ArithmeticError:
            raise CropInvalid("is four numbers: x,y,width,height") from None

    def box(self, width_px: int, height_px: int) -> PixelBox:
        """The crop in pixels of a photo of this size; every edge is rounded half up."""
        return PixelBox(
            _edge(self.x, width_px),
            _edge(self.y, height_px),
            _edge(self.x + self.width, width_px),
            _edge(self.y + self.height, height_px),
        )


def _edge(millionths: int, size_px: int) -> int:
    return (2 * millionths * size_px + MILLION) // (2 * MILLION)


def _millionths(value: Decimal) -> int:
    if not value.is_finite() or not -1 <= value <= 2:
        raise CropInvalid("must lie inside the photo")
    scaled = value * MILLION
    if scaled != scaled.to_integral_value():
        raise CropInvalid("has at most six decimals")
    return int(scaled)
