"""Colours: what an embedded profile is worth, and how its pixels become sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from importlib.resources import files

import attrs
from PIL import Image, ImageChops, ImageCms

from printapic.domain.images.image import ColourProfile

SRGB_PROFILE = files("printapic.adapters.images").joinpath("srgb.icc").read_bytes()
"""Our own sRGB profile (IEC 61966-2-1, version 2.1), of fixed bytes: those made on the fly hold the time."""

MAX_PROFILE_BYTES = 4 << 20
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_INDISTINGUISHABLE = 2


@attrs.frozen(kw_only=True)
class Conversion:
    """How pixels of `mode` become sRGB; without a transform they are taken for sRGB, or its greys."""

    profile: ColourProfile
    mode: str = "RGB"
    transform: ImageCms.ImageCmsTransform | None = attrs.field(default=None, eq=False)

    @property
    def costs(self) -> bool:
        """Whether every pixel is computed anew."""
        return self.transform is not None

    def apply(self, image: Image.Image) -> Image.Image:
        """The picture in sRGB: `L`, `RGB` or, where it had alpha, `RGBA`."""
        if self.transform is None:
            # Without a profile a CMYK picture has no colours, only inks; preflight warns of that.
            return image.convert("RGB") if image.mode == "CMYK" else image
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        pixels = image if image.mode == self.mode else image.convert(self.mode)
        converted = self.transform.apply(pixels)
        if alpha is not None:
            converted.putalpha(alpha)
        return converted


def conversion(mode: str, icc: object, *, says_srgb: bool, cmyk_profile: bytes | None = None) -> Conversion:
    """Judge the profile of a picture of `mode` by its content, never by its name.

    A profile that is unreadable, too large, or of another kind of colours is treated as missing. Grey
    pixels may carry a profile for RGB. `cmyk_profile` is assumed for CMYK without one.
    """
    if isinstance(icc, bytes) and icc:
        return _conversion(mode, icc)
    if mode == "CMYK" and cmyk_profile is not None:
        return attrs.evolve(_conversion(mode, cmyk_profile), profile=ColourProfile.MISSING)
    return Conversion(profile=ColourProfile.SRGB if says_srgb else ColourProfile.MISSING)


@lru_cache(maxsize=32)
def _conversion(mode: str, icc: bytes) -> Conversion:
    invalid = Conversion(profile=ColourProfile.INVALID)
    if len(icc) > MAX_PROFILE_BYTES:
        return invalid
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        takes = _MODES.get(profile.profile.xcolor_space.strip())
        if takes is None or (takes == "CMYK") != (mode == "CMYK") or (takes == "L" and mode != "L"):
            return invalid
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.ImageCmsProfile(io.BytesIO(SRGB_PROFILE)),
            takes,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        changes_nothing = takes == "RGB" and _deviation(transform) <= _INDISTINGUISHABLE
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return invalid
    if changes_nothing:
        return Conversion(profile=ColourProfile.SRGB)
    return Conversion(profile=ColourProfile.OTHER, mode=takes, transform=transform)


def _deviation(transform: ImageCms.ImageCmsTransform) -> int:
    """By how much a transform changes the colours of a cube of 9 x 9 x 9, at most, of 255."""
    levels = [255 * level // 8 for level in range(9)]
    cube = Image.new("RGB", (81, 9))
    cube.putdata([(red, green, blue) for red in levels for green in levels for blue in levels])
    difference = ImageChops.difference(cube, transform.apply(cube))
    histogram = difference.histogram()
    return max(level % 256 for level, count in enumerate(histogram) if count)
