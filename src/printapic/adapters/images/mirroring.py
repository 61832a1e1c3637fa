"""Bleed where the photo ends: the picture goes on as in a mirror."""

from __future__ import annotations

from PIL import Image

from printapic.domain.crops import PixelBox


def mirrored_around(image: Image.Image, target: PixelBox, width_px: int, height_px: int) -> Image.Image:
    """A canvas with the picture at `target`, and reflections of it all around, as often as it takes."""
    if image.size == (width_px, height_px):
        return image
    canvas = Image.new(image.mode, (width_px, height_px), None)  # every pixel is about to be written
    canvas.paste(image, (target.left, target.top))
    left, right = target.left, target.right
    while left > 0 or right < width_px:
        left, right = _grown_across(canvas, left, right, target.top, target.bottom)
    top, bottom = target.top, target.bottom
    while top > 0 or bottom < height_px:
        top, bottom = _grown_down(canvas, top, bottom)
    return canvas


def _grown_across(canvas: Image.Image, left: int, right: int, top: int, bottom: int) -> tuple[int, int]:
    before, after = min(left, right - left), min(canvas.width - right, right - left)
    for box, place in (
        ((left, top, left + before, bottom), left - before),
        ((right - after, top, right, bottom), right),
    ):
        if box[0] < box[2]:
            canvas.paste(canvas.crop(box).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (place, top))
    return left - before, right + after


def _grown_down(canvas: Image.Image, top: int, bottom: int) -> tuple[int, int]:
    before, after = min(top, bottom - top), min(canvas.height - bottom, bottom - top)
    for box, place in (
        ((0, top, canvas.width, top + before), top - before),
        ((0, bottom - after, canvas.width, bottom), bottom),
    ):
        if box[1] < box[3]:
            canvas.paste(canvas.crop(box).transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, place))
    return top - before, bottom + after
