"""The two or three things that matter of what a camera wrote into a file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import attrs
from PIL import ExifTags, Image

_UPRIGHT = 1
_SRGB = 1
_MOMENT = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)\s*")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)\s*")


@attrs.frozen(kw_only=True)
class CameraNotes:
    """How the picture has to be turned (EXIF 1-8), when it was taken, and whether it claims to be sRGB."""

    orientation: int = _UPRIGHT
    taken_at: datetime | None = None
    says_srgb: bool = False


def camera_notes(exif: object) -> CameraNotes:
    """Read a raw EXIF block; nothing in it can fail this, and what makes no sense is left out.

    The orientation is EXIF's alone: engines disagree about the one in XMP, and none may turn a picture
    that another one left as it was.
    """
    if not isinstance(exif, bytes):
        return CameraNotes()
    notes = Image.Exif()
    try:
        notes.load(exif)
        orientation = notes.get(ExifTags.Base.Orientation)
        details = notes.get_ifd(ExifTags.IFD.Exif)
    except Exception:
        return CameraNotes()
    return CameraNotes(
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else _UPRIGHT,
        taken_at=_moment(
            details.get(ExifTags.Base.DateTimeOriginal), details.get(ExifTags.Base.OffsetTimeOriginal)
        ),
        says_srgb=details.get(ExifTags.Base.ColorSpace) == _SRGB,
    )


def _moment(text: object, offset: object) -> datetime | None:
    """The time of exposure in UTC; a camera that names no zone, or nonsense, is taken to run on UTC."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()), tzinfo=_zone(offset)).astimezone(UTC)  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None


def _zone(offset: object) -> timezone:
    found = _OFFSET.fullmatch(offset) if isinstance(offset, str) else None
    if found is None:
        return UTC
    sign, hours, minutes = found.groups()
    distance = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-distance if sign == "-" else distance) if distance < timedelta(hours=15) else UTC
