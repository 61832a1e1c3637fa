"""How tests look at pictures."""

from __future__ import annotations

import io
import math
import struct

from PIL import Image, ImageChops

from printapic.application.ports.images import (
    PRESETS,
    Fit,
    Rendered,
    RenditionSpec,
)
from printapic.domain.crops import PixelBox
from printapic.domain.images.layout import PrintLayout
from tests.pictures import BLUE, GREEN, RED, YELLOW

THUMBNAIL, PREVIEW = PRESETS["thumbnail"], PRESETS["preview"]
FORMATS = ["JPEG", "PNG", "WEBP"]


def file(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


def picture(rendered: Rendered) -> Image.Image:
    image = Image.open(io.BytesIO(rendered.content))
    image.load()
    assert image.size == (rendered.width_px, rendered.height_px)
    return image


def whole(
    width_px: int, height_px: int, canvas: tuple[int, int] | None = None, dpi: int = 300
) -> PrintLayout:
    """A layout that puts all of a photo on all of a canvas."""
    across, down = canvas or (width_px, height_px)
    return PrintLayout(
        canvas_width_px=across,
        canvas_height_px=down,
        source=PixelBox(0, 0, width_px, height_px),
        target=PixelBox(0, 0, across, down),
        dpi=dpi,
    )


def spec(width_px: int, height_px: int, fit: Fit = Fit.CONTAIN, **more: object) -> RenditionSpec:
    return RenditionSpec(width_px=width_px, height_px=height_px, fit=fit, **more)  # type: ignore[arg-type]


def corners(image: Image.Image) -> list[str]:
    """What colours the four quarters have, left to right, top to bottom."""
    names = {RED: "red", GREEN: "green", BLUE: "blue", YELLOW: "yellow"}
    rgb = image.convert("RGB")
    found = []
    for across, down in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
        seen = rgb.getpixel((int(rgb.width * across), int(rgb.height * down)))
        assert isinstance(seen, tuple)
        found.append(names[min(names, key=lambda name: math.dist(name, seen))])
    return found


def psnr(one: Image.Image, other: Image.Image) -> float:
    """How alike two pictures are, in decibels."""
    assert one.size == other.size
    histogram = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).histogram()
    error = sum(count * (level % 256) ** 2 for level, count in enumerate(histogram))
    mean = error / (one.width * one.height * 3)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def near(one: object, other: tuple[int, ...], within: int = 4) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def jpeg_markers(content: bytes) -> list[int]:
    """The markers of a JPEG, up to its end, behind which there must be nothing."""
    found, at = [], 2
    while True:
        assert content[at] == 0xFF
        marker_ = content[at + 1]
        found.append(marker_)
        if marker_ == 0xD9:
            assert at + 2 == len(content)
            return found
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
        if marker_ == 0xDA:
            while content[at] != 0xFF or content[at + 1] in {0, *range(0xD0, 0xD8)}:
                at += 1


PLAIN_MARKERS = {0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0xDD, 0xD9}
