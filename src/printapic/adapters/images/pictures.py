"""A picture on its way from decoded pixels to an output: its part, size, colours and way up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Self

import attrs
from PIL import Image

from printapic.adapters.images.colours import Conversion
from printapic.adapters.images.encoding import flattened
from printapic.adapters.images.mirroring import mirrored_around
from printapic.adapters.images.resizing import (
    Box,
    Size,
    box_of,
    resized,
    scale_of,
    size_of,
    stored_box,
    turned_upright,
    upright_size,
)
from printapic.adapters.images.sources import Pixels, Source
from printapic.application.ports.images import Fit, RenditionSpec
from printapic.domain.images.layout import PrintLayout

_STEP = 2
"""A rendition is made from another one if that is at least so many times as large: no loss is seen then."""


@attrs.frozen(kw_only=True)
class Picture:
    """Pixels that show a whole photo of `upright` size, and what remains to be done with them.

    `density` says how many of these pixels there are per stored pixel of the photo, across and down.
    """

    image: Image.Image
    upright: Size
    density: tuple[Fraction, Fraction]
    orientation: int = 1
    conversion: Conversion | None = None

    @classmethod
    def of(cls, source: Source, pixels: Pixels) -> Self:
        """The photo as it was decoded."""
        return cls(
            image=pixels.image,
            upright=source.upright,
            density=(Fraction(1, pixels.reduction), Fraction(1, pixels.reduction)),
            orientation=source.orientation,
            conversion=source.conversion,
        )

    @classmethod
    def finished(cls, image: Image.Image, upright: Size) -> Self:
        """A smaller picture of the same photo that needs nothing more."""
        density = Fraction(image.width, upright[0]), Fraction(image.height, upright[1])
        return cls(image=image, upright=upright, density=density)

    def part(self, box: Box, size: Size) -> Image.Image:
        """A part of the upright photo at a size, upright and in sRGB."""
        left, top, right, bottom = stored_box(box, self.upright, self.orientation)
        across, down = self.density
        there = left * across, top * down, right * across, bottom * down
        image, conversion = self.image, self.conversion
        if conversion is not None and size[0] * size[1] > (there[2] - there[0]) * (there[3] - there[1]):
            # Colours are converted where there are fewer pixels of them.
            if conversion.costs:
                image, there = _cut_out(image, there)
            image, conversion = conversion.apply(image), None
        image = resized(image, there, upright_size(size, self.orientation))
        if conversion is not None:
            image = conversion.apply(image)
        return turned_upright(image, self.orientation)


def renditions(
    picture: Picture, specs: Iterable[RenditionSpec]
) -> Iterator[tuple[RenditionSpec, Image.Image]]:
    """Pictures to look at, the largest first, each made from the smallest one that does it no harm."""
    upright = picture.upright
    made: list[tuple[Fraction, Picture]] = [(Fraction(_STEP), picture)]  # the photo does for all of them
    for spec in sorted(specs, key=lambda spec: -scale_of(spec, upright)):
        scale = scale_of(spec, upright)
        base = next(larger for its, larger in reversed(made) if its >= _STEP * scale)
        image = base.part(box_of(spec, upright), size_of(spec, upright))
        if spec.fit is Fit.CONTAIN:
            made.append((scale, Picture.finished(image, upright)))
        yield spec, image


def printed(picture: Picture, layout: PrintLayout) -> Image.Image:
    """The canvas of a print: the source box on the target box, and around it the photo mirrored."""
    source, target = layout.source, layout.target
    box = Fraction(source.left), Fraction(source.top), Fraction(source.right), Fraction(source.bottom)
    image = picture.part(box, (target.width_px, target.height_px))
    image = flattened(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    return mirrored_around(image, target, layout.canvas_width_px, layout.canvas_height_px)


def _cut_out(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
    left, top = floor(box[0]), floor(box[1])
    cut = image.crop((left, top, min(ceil(box[2]), image.width), min(ceil(box[3]), image.height)))
    return cut, (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
