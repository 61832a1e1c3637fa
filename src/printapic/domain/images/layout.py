"""Where every pixel of a photo goes on the paper: integers and exact fractions only.

Preview and print file are made from the same `PrintLayout`, at two resolutions.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Self

import attrs

from printapic.domain.crops import CropRecipe, PixelBox
from printapic.domain.print_sizes import MM_PER_INCH, PrintSize, PrintSpecification, pixels

MAX_ASPECT_ERROR = Fraction(1, 100)


@attrs.frozen(kw_only=True)
class PrintLayout:
    """`source` (pixels of the upright photo) is scaled onto `target` (pixels of the canvas).

    The canvas is the paper with its bleed. What `target` leaves free lies beyond the photo's edge and
    is filled by mirroring: margins of left, top, right, bottom pixels.
    """

    canvas_width_px: int
    canvas_height_px: int
    source: PixelBox
    target: PixelBox
    dpi: int

    @property
    def mirrored_px(self) -> tuple[int, int, int, int]:
        return (
            self.target.left,
            self.target.top,
            self.canvas_width_px - self.target.right,
            self.canvas_height_px - self.target.bottom,
        )

    @classmethod
    def of(cls, *, crop: PixelBox, width_px: int, height_px: int, specification: PrintSpecification) -> Self:
        """Lay `crop` (the trim box, in pixels of an upright photo of this size) onto the product.

        A crop whose ratio is slightly off is cut centrally. Bleed is taken from the photo around the
        crop, and mirrored only where the photo ends.
        """
        trim = specification.trim_for(landscape=crop.width_px > crop.height_px)
        left, top, right, bottom = _cut_to_ratio(crop, trim.ratio)
        scale = (right - left) / Fraction(trim.width_mm)
        bleed = scale * Fraction(specification.bleed_mm)
        canvas_width = pixels(trim.width_mm + 2 * specification.bleed_mm, specification.dpi)
        canvas_height = pixels(trim.height_mm + 2 * specification.bleed_mm, specification.dpi)
        source_x, target_x = _span(left - bleed, right + bleed, width_px, canvas_width)
        source_y, target_y = _span(top - bleed, bottom + bleed, height_px, canvas_height)
        return cls(
            canvas_width_px=canvas_width,
            canvas_height_px=canvas_height,
            source=PixelBox(source_x[0], source_y[0], source_x[1], source_y[1]),
            target=PixelBox(target_x[0], target_y[0], target_x[1], target_y[1]),
            dpi=specification.dpi,
        )


def _span(start: Fraction, end: Fraction, limit: int, canvas: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Clip the wanted span to the photo, and say which part of the canvas the rest covers."""
    clipped_start, clipped_end = max(start, Fraction(0)), min(end, Fraction(limit))
    per_pixel = Fraction(canvas) / (end - start)
    source_start = min(_half_up(clipped_start), limit - 1)
    source = source_start, max(_half_up(clipped_end), source_start + 1)
    return source, (
        _half_up((clipped_start - start) * per_pixel),
        _half_up((clipped_end - start) * per_pixel),
    )


def _cut_to_ratio(crop: PixelBox, ratio: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    width, height = Fraction(crop.width_px), Fraction(crop.height_px)
    cut_x = max(width - height * ratio, Fraction(0)) / 2
    cut_y = max(height - width / ratio, Fraction(0)) / 2
    return crop.left + cut_x, crop.top + cut_y, crop.right - cut_x, crop.bottom - cut_y


def _half_up(value: Fraction) -> int:
    # In integers, because three operations on fractions cost ten times as much, on every line ordered.
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def central_crop(width_px: int, height_px: int, specification: PrintSpecification) -> PixelBox:
    """The largest centred part of a photo that fills the product: what is printed if nobody chose."""
    trim = specification.trim_for(landscape=width_px > height_px)
    left, top, right, bottom = _cut_to_ratio(PixelBox(0, 0, width_px, height_px), trim.ratio)
    left_px, top_px = _half_up(left), _half_up(top)
    return PixelBox(left_px, top_px, max(_half_up(right), left_px + 1), max(_half_up(bottom), top_px + 1))


def crop_box(
    crop: CropRecipe | None, width_px: int, height_px: int, specification: PrintSpecification
) -> PixelBox:
    """The crop in pixels: the customer's own, or else the central one."""
    if crop is None:
        return central_crop(width_px, height_px, specification)
    return crop.box(width_px, height_px)


def aspect_error(crop: PixelBox, trim: PrintSize) -> Fraction:
    """By how much the crop is too wide or too narrow for the paper, as a fraction; 0 is a perfect fit."""
    return abs(Fraction(crop.width_px, crop.height_px) / trim.ratio - 1)


def effective_dpi(crop: PixelBox, trim: PrintSize) -> Fraction:
    """How many of the photo's own pixels land on an inch of paper, in the worse direction."""
    return min(
        crop.width_px * MM_PER_INCH / Fraction(trim.width_mm),
        crop.height_px * MM_PER_INCH / Fraction(trim.height_mm),
    )


def largest_size(crop: PixelBox, dpi: int) -> PrintSize:
    """The paper that this crop fills at `dpi`, in whole millimetres, rounded down."""
    width, height = (max(int(px * MM_PER_INCH / dpi), 1) for px in (crop.width_px, crop.height_px))
    return PrintSize(Decimal(width), Decimal(height))
