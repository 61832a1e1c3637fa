"""Pictures by Pillow, resized by cykooz_resizer, in the threads of the callers.

Both let other threads run while they work, so threads reach the throughput of processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import BinaryIO

from PIL import features

from printapic.adapters.images.admission import Admission
from printapic.adapters.images.colours import SRGB_PROFILE
from printapic.adapters.images.encoding import print_file, rendition_file
from printapic.adapters.images.pictures import Picture, printed, renditions
from printapic.adapters.images.resizing import scale_of
from printapic.adapters.images.sources import Source, decoded, decoding, opened
from printapic.application.ports.images import (
    ImageProcessor,
    Inspection,
    ProcessorBusy,
    Rendered,
    RenderInvalid,
    RenditionSpec,
)
from printapic.domain.images.image import ImageLimits
from printapic.domain.images.layout import PrintLayout

PIPELINE = 1
"""Counted up with every change of ours that changes the bytes of any output."""

MAX_RENDITION_PX = 4096
MAX_QUALITY = 95
MAX_PRINT_PIXELS = 120_000_000
_HEAVY_PIXELS, _HEAVY_PROGRESSIVE_PIXELS = 50_000_000, 12_000_000
_SMALL_PX = 512


@cache
def _fingerprint() -> str:
    """Asked for with every picture, and read from the files of the installed packages."""
    parts = {
        "pillow": version("pillow"),
        "jpeg-turbo": features.version("libjpeg_turbo"),
        "webp": features.version("webp"),
        "zlib": features.version("zlib"),
        "lcms": features.version("littlecms2"),
        "cykooz": version("cykooz-resizer"),
        "pipeline": PIPELINE,
    }
    return " ".join(f"{name}={number}" for name, number in parts.items())


class PillowImageProcessor(ImageProcessor):
    """Works on `workers` pictures at a time (one per processor) and lets `queue` callers wait.

    A JPEG is decoded once, at the smallest scale that is enough for what was asked. Pictures that need
    much memory (over 50 megapixels, or over 12 in a progressive JPEG) are worked on one at a time.
    `cmyk_profile` is assumed for CMYK photos that carry none; without it their inks are mixed naively,
    and preflight warns of either.
    """

    def __init__(
        self,
        limits: ImageLimits | None = None,
        *,
        workers: int | None = None,
        queue: int = 32,
        cmyk_profile: bytes | None = None,
    ) -> None:
        self._limits = limits or ImageLimits()
        self._admission = Admission(workers=workers or os.cpu_count() or 1, queue=queue)
        self._cmyk_profile = cmyk_profile

    @property
    def fingerprint(self) -> str:
        """The versions of everything that decides about bytes."""
        return _fingerprint()

    def inspect(self, file: BinaryIO, presets: Mapping[str, RenditionSpec]) -> Inspection:
        """Decode once, and make the smaller renditions from the larger ones."""
        specs = set(presets.values())
        _check_specs(specs)
        with self._opened(file) as source:
            picture, has_alpha = self._picture(source, _scale(source, specs))
            made = {
                spec: rendition_file(image, spec.format, spec.quality)
                for spec, image in renditions(picture, specs)
            }
            return Inspection(
                facts=source.facts(has_alpha=has_alpha),
                renditions={name: made[spec] for name, spec in presets.items()},
            )

    def rendition(self, file: BinaryIO, spec: RenditionSpec) -> Rendered:
        """Decode, shrink, convert, turn, encode."""
        _check_specs({spec})
        with self._opened(file) as source:
            picture, _ = self._picture(source, _scale(source, {spec}))
            ((_, image),) = renditions(picture, [spec])
            return rendition_file(image, spec.format, spec.quality)

    def print_master(self, file: BinaryIO, layout: PrintLayout) -> Rendered:
        """Decode whole, unless the print is tiny; the rest as for a rendition."""
        with self._opened(file) as source:
            _check_layout(layout, source)
            scale = Fraction(layout.target.width_px, layout.source.width_px)
            picture, _ = self._picture(source, 4 * scale)
            return print_file(printed(picture, layout), layout.dpi, SRGB_PROFILE)

    @contextmanager
    def _opened(self, file: BinaryIO) -> Iterator[Source]:
        with self._admission.worker():
            source = opened(file, self._limits, cmyk_profile=self._cmyk_profile)
            heavy = source.pixels > (_HEAVY_PROGRESSIVE_PIXELS if source.progressive else _HEAVY_PIXELS)
            with self._admission.memory(heavy=heavy):
                try:
                    yield source
                except MemoryError:
                    raise ProcessorBusy from None

    def _picture(self, source: Source, scale: Fraction) -> tuple[Picture, bool]:
        with decoding(self._limits):
            pixels = decoded(source, scale)
        return Picture.of(source, pixels), pixels.has_alpha


def _scale(source: Source, specs: set[RenditionSpec]) -> Fraction:
    """What must be left of the photo after the decoder's own reduction, for these renditions.

    That reduction averages blocks; what Lanczos does not get to do afterwards is lost. Twice the final
    size is enough for small pictures (35 dB), one and a half times for larger ones (39 dB).
    """
    needed = (
        scale_of(spec, source.upright)
        * (2 if max(spec.width_px, spec.height_px) <= _SMALL_PX else Fraction(3, 2))
        for spec in specs
    )
    return max(needed, default=Fraction(0))


def _check_specs(specs: set[RenditionSpec]) -> None:
    for spec in specs:
        if not (1 <= spec.width_px <= MAX_RENDITION_PX and 1 <= spec.height_px <= MAX_RENDITION_PX):
            raise RenderInvalid(f"A picture has between 1 and {MAX_RENDITION_PX} pixels on each side.")
        if not 1 <= spec.quality <= MAX_QUALITY:
            raise RenderInvalid(f"The quality lies between 1 and {MAX_QUALITY}.")


def _check_layout(layout: PrintLayout, source: Source) -> None:
    """A layout that was made for another photo would crop something else than the customer saw."""
    box, target = layout.source, layout.target
    width, height = source.upright
    fits = (
        0 <= box.left < box.right <= width
        and 0 <= box.top < box.bottom <= height
        and 0 <= target.left < target.right <= layout.canvas_width_px
        and 0 <= target.top < target.bottom <= layout.canvas_height_px
    )
    if not fits:
        raise RenderInvalid("The layout does not fit this photo.")
    if layout.canvas_width_px * layout.canvas_height_px > MAX_PRINT_PIXELS:
        raise RenderInvalid(f"A print file has at most {MAX_PRINT_PIXELS // 1_000_000} megapixels.")
