"""Opening a file that a stranger sent, and decoding it to its last row."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from typing import BinaryIO

import attrs
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from printapic.adapters.images.camera import camera_notes
from printapic.adapters.images.colours import Conversion, conversion
from printapic.adapters.images.resizing import Size, upright_size
from printapic.application.ports.images import ProcessorBusy
from printapic.domain.images.formats import ImageCorrupt, ImageFormat, recognise
from printapic.domain.images.image import ColourSpace, ImageFacts, ImageLimits, ImageTooManyPixels

_PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)  # or else Pillow loads every parser it has
_DAMAGED = (
    OSError,  # also Pillow's UnidentifiedImageError
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
    Warning,  # where the process turns warnings into errors
)
_PNG_DEPTH_OFFSET = 24


@attrs.frozen(kw_only=True)
class Source:
    """A photo whose header was read and is within the limits, and none of whose pixels were."""

    image: Image.Image
    format: ImageFormat
    stored: Size
    orientation: int
    taken_at: datetime | None
    conversion: Conversion
    bits_per_channel: int
    progressive: bool

    @property
    def upright(self) -> Size:
        """The size of the photo as it is meant to be seen."""
        return upright_size(self.stored, self.orientation)

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.stored[0] * self.stored[1]

    def facts(self, *, has_alpha: bool) -> ImageFacts:
        """What is true of the photo."""
        return ImageFacts(
            format=self.format,
            width_px=self.upright[0],
            height_px=self.upright[1],
            orientation=self.orientation,
            colour_space=_SPACES.get(self.image.mode, ColourSpace.RGB),
            colour_profile=self.conversion.profile,
            has_alpha=has_alpha,
            bits_per_channel=self.bits_per_channel,
            taken_at=self.taken_at,
        )


_SPACES = {
    "CMYK": ColourSpace.CMYK,
    **dict.fromkeys(("1", "L", "LA", "La", "I", "I;16", "I;16B"), ColourSpace.GREY),
}


@attrs.frozen(kw_only=True)
class Pixels:
    """Decoded pixels in mode `L`, `RGB`, `RGBA` or `CMYK`, each side `1 / reduction` of the stored one."""

    image: Image.Image
    reduction: int = 1

    @property
    def has_alpha(self) -> bool:
        """Whether anything shines through; an alpha channel alone does not tell."""
        return self.image.mode == "RGBA" and self.image.getchannel("A").getextrema()[0] < 255  # type: ignore[operator]


def opened(file: BinaryIO, limits: ImageLimits, *, cmyk_profile: bytes | None = None) -> Source:
    """Read the header of a photo and refuse what breaks a limit, before a pixel is decoded.

    Raises what `ImageProcessor` raises.
    """
    format = recognise(file)  # noqa: A001
    file.seek(0)
    with decoding(limits):
        image = Image.open(file, formats=(format.value.upper(),))
        # The further pictures of a camera's MPO file are not ours: its first one is the photo.
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        limits.check(*image.size, frames)
        notes = camera_notes(image.info.get("exif"))
        return Source(
            image=image,
            format=format,
            stored=image.size,
            orientation=notes.orientation,
            taken_at=notes.taken_at,
            conversion=conversion(
                _working_mode(image),
                image.info.get("icc_profile"),
                says_srgb=notes.says_srgb or "srgb" in image.info,
                cmyk_profile=cmyk_profile,
            ),
            bits_per_channel=_bits(file, format),
            progressive=bool(image.info.get("progressive")),
        )


def decoded(source: Source, scale: Fraction) -> Pixels:
    """All pixels, of a JPEG already reduced to at least `scale` of the stored size by its decoder."""
    image = source.image
    reduction = 1
    if source.format is ImageFormat.JPEG and scale < 1:
        wanted = (int(image.width * scale) or 1, int(image.height * scale) or 1)
        drafted = image.draft(image.mode, wanted)
        if drafted is not None:
            reduction = round(source.stored[0] / drafted[1][2])
    image.load()
    return Pixels(image=_plain(image), reduction=reduction)


@contextmanager
def decoding(limits: ImageLimits) -> Iterator[None]:
    """Whatever a decoder says of a file becomes one of the few things that we say."""
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise AssertionError("somebody told Pillow to show half photos: grey areas would be printed")
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooManyPixels(limits.max_pixels) from None
    except MemoryError:
        raise ProcessorBusy from None
    except _DAMAGED as damage:
        raise ImageCorrupt from damage


def _working_mode(image: Image.Image) -> str:
    """The mode in which this picture will be resized; palettes, bits and depths cannot be."""
    if image.mode in {"L", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image.mode
    if image.mode in {"LA", "La", "PA", "RGBa"} or "transparency" in image.info:
        return "RGBA"
    return "L" if image.mode in {"1", "I", "I;16", "I;16B"} else "RGB"


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow's own conversion of 16 bits clips instead of scaling.
        return image.point(lambda value: value * (1 / 257)).convert("L")
    mode = _working_mode(image)
    return image if image.mode == mode else image.convert(mode)


def _bits(file: BinaryIO, format: ImageFormat) -> int:  # noqa: A002
    if format is not ImageFormat.PNG:
        return 8
    file.seek(_PNG_DEPTH_OFFSET)
    return max(file.read(1)[0], 8)
