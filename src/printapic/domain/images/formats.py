"""What the first and last bytes of a file say it is. The name and the declared type are never believed."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import BinaryIO

from printapic.domain.errors import Invalid

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_TRAILER = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_SOS, _EOI = 0xDA, 0xD9
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_MARKER_IN_SCAN = re.compile(
    rb"\xff[\x01-\xcf\xd8-\xfe]"
)  # neither a stuffed FF 00 nor a restart nor filling
MAX_SCANS = 64
_MAX_FILLING = 1024
MAX_PARTS = 50_000
"""Segments of a JPEG or chunks of a PNG: a phone's photo has dozens, a huge PNG some 25,000."""


class ImageFormat(StrEnum):
    """A format we accept. The value is also the suffix of a stored original."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"

    @property
    def content_type(self) -> str:
        return f"image/{self.value}"


class ImageFormatUnsupported(Invalid):
    code = "image-format-unsupported"

    def __init__(self) -> None:
        super().__init__(
            "This file is not a photo that we can print.", supported=[f.value for f in ImageFormat]
        )


class ImageCorrupt(Invalid):
    code = "image-corrupt"

    def __init__(self) -> None:
        super().__init__("This photo is damaged or incomplete. Please upload the original file again.")


class ImageTooComplex(Invalid):
    code = "image-too-complex"

    def __init__(self) -> None:
        super().__init__("This photo is built in a way that takes too long to read.")


def recognise(file: BinaryIO) -> ImageFormat:
    """The format of a seekable file, from its content, refusing what is visibly cut off.

    A JPEG with more than 64 scans is refused too: a 0.5 MB file of 20,000 scans keeps a decoder busy
    for 14 seconds. So is a file of more than 50,000 parts, since they are read one by one. Raises
    `ImageFormatUnsupported`, `ImageCorrupt` or `ImageTooComplex`.
    """
    file.seek(0)
    head = file.read(16)
    if head[:3] == b"\xff\xd8\xff":
        _walk_jpeg(file)
        return ImageFormat.JPEG
    if head[:8] == _PNG_SIGNATURE:
        _find_png_trailer(file)
        return ImageFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    raise ImageFormatUnsupported


def _find_png_trailer(file: BinaryIO) -> None:
    """Decoders accept a PNG without its end chunk; we do not, since pixels may be missing with it."""
    position = 8
    for _ in range(MAX_PARTS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            raise ImageCorrupt
        if header[4:] == b"IEND":
            file.seek(position)
            if file.read(12) != _PNG_TRAILER:
                raise ImageCorrupt
            return
        position += 12 + int.from_bytes(header[:4])
    raise ImageTooComplex


def _walk_jpeg(file: BinaryIO) -> None:
    """Follow the segments of the first picture in a JPEG up to its end marker, counting scans.

    Cameras append further pictures and videos; those are not ours. Application segments hold
    thumbnails with markers of their own and are skipped by their length.
    """
    data = _Bytes(file, 2)
    scans = 0
    for _ in range(MAX_PARTS):
        marker = data.next_marker()
        if marker == _EOI:
            return
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(data.take(2))
        if length < 2:
            raise ImageCorrupt
        data.skip(length - 2)
        if marker == _SOS:
            scans += 1
            if scans > MAX_SCANS:
                raise ImageTooComplex
            data.skip_entropy_coded()
    raise ImageTooComplex


class _Bytes:
    """A forward reader over a file, in blocks."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._block, self._at = file, b"", 0
        file.seek(start)

    def take(self, count: int) -> bytes:
        while len(self._block) - self._at < count:
            self._read_on()
        self._at += count
        return self._block[self._at - count : self._at]

    def skip(self, count: int) -> None:
        ahead = len(self._block) - self._at
        if count > ahead:
            self._file.seek(count - ahead, 1)
            self._block, self._at = b"", 0
        else:
            self._at += count

    def next_marker(self) -> int:
        if self.take(1) != b"\xff":
            raise ImageCorrupt
        for _ in range(_MAX_FILLING):
            marker = self.take(1)[0]
            if marker != 0xFF:
                return marker
        raise ImageCorrupt

    def skip_entropy_coded(self) -> None:
        """Stop before the next real marker."""
        while (found := _MARKER_IN_SCAN.search(self._block, self._at)) is None:
            # A last FF may be the first half of a marker.
            self._at = max(len(self._block) - 1, self._at)
            self._read_on()
        self._at = found.start()

    def _read_on(self) -> None:
        more = self._file.read(65_536)
        if not more:
            raise ImageCorrupt
        self._block, self._at = self._block[self._at :] + more, 0
