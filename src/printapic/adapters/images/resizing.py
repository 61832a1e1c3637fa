"""From pixels to fewer pixels: sizes, boxes in stored and upright coordinates, and the resize itself."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer
from PIL import Image

from printapic.application.ports.images import Fit, RenditionSpec

Box = tuple[Fraction, Fraction, Fraction, Fraction]
Size = tuple[int, int]

_LANCZOS = ResizeAlg.convolution(FilterType.lanczos3)
_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_size(stored: Size, orientation: int) -> Size:
    """Width and height after turning, and also before it: EXIF orientations 5-8 swap them."""
    return (stored[1], stored[0]) if orientation >= 5 else stored


def stored_box(box: Box, upright: Size, orientation: int) -> Box:
    """Where a box of the upright picture lies among the pixels as they are stored."""
    left, top, right, bottom = box
    width, height = upright
    from_right, from_bottom = (width - right, width - left), (height - bottom, height - top)
    across = from_right if orientation in {2, 3, 6, 7} else (left, right)
    down = from_bottom if orientation in {3, 4, 7, 8} else (top, bottom)
    if orientation >= 5:
        across, down = down, across
    return across[0], down[0], across[1], down[1]


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it was meant to be seen."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def resized(image: Image.Image, box: Box, size: Size) -> Image.Image:
    """The part `box` of a picture at another size, by Lanczos; alpha is minded."""
    left, top = max(box[0], Fraction(0)), max(box[1], Fraction(0))
    right, bottom = min(box[2], Fraction(image.width)), min(box[3], Fraction(image.height))
    if image.size == size and right - left == size[0] and bottom - top == size[1]:
        return image
    result = Image.new(image.mode, size, None)  # every pixel is about to be written
    part = CropBox(float(left), float(top), float(right - left), float(bottom - top))
    Resizer().resize_pil(image, result, ResizeOptions(resize_alg=_LANCZOS, crop_box=part))
    return result


def scale_of(spec: RenditionSpec, upright: Size) -> Fraction:
    """By how much a rendition shrinks the photo: at most 1, since nothing is ever enlarged."""
    ratios = Fraction(spec.width_px, upright[0]), Fraction(spec.height_px, upright[1])
    return min(Fraction(1), max(ratios) if spec.fit is Fit.COVER else min(ratios))


def size_of(spec: RenditionSpec, upright: Size) -> Size:
    """The exact size of a rendition."""
    scale = scale_of(spec, upright)
    width, height = (max(_half_up(side * scale), 1) for side in upright)
    return min(width, spec.width_px), min(height, spec.height_px)


def box_of(spec: RenditionSpec, upright: Size) -> Box:
    """The part of the upright photo that a rendition shows: its middle, or all of it."""
    width, height = Fraction(upright[0]), Fraction(upright[1])
    if spec.fit is Fit.CONTAIN:
        return Fraction(0), Fraction(0), width, height
    scale, size = scale_of(spec, upright), size_of(spec, upright)
    cut_x = max(width - size[0] / scale, Fraction(0)) / 2
    cut_y = max(height - size[1] / scale, Fraction(0)) / 2
    return cut_x, cut_y, width - cut_x, height - cut_y


def _half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)
