"""What a file is, is decided by its bytes."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from printapic.domain.images.formats import (
    MAX_PARTS,
    MAX_SCANS,
    ImageCorrupt,
    ImageFormat,
    ImageFormatUnsupported,
    ImageTooComplex,
    recognise,
)
from tests import pictures
from tests.pictures import encoded, scene, segment

JPEG, PNG, WEBP = (encoded(scene(120, 90), each) for each in ("JPEG", "PNG", "WEBP"))
SCAN = segment(0xDA, bytes(10)) + b"\x12\x34"
HUGE = 70_000


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    bytes_read = 0
    calls = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        self.calls += 1
        return content


@pytest.mark.parametrize(
    ("content", "is_a"),
    [
        (JPEG, ImageFormat.JPEG),
        (encoded(scene(300, 200), progressive=True), ImageFormat.JPEG),
        (encoded(scene(300, 200), restart_marker_blocks=1), ImageFormat.JPEG),
        (PNG, ImageFormat.PNG),
        (WEBP, ImageFormat.WEBP),
    ],
)
def test_a_photo_is_recognised_wherever_its_file_stands(content: bytes, is_a: ImageFormat) -> None:
    file = io.BytesIO(content)
    file.seek(7)
    assert recognise(file) is is_a
    assert is_a.content_type == f"image/{is_a}"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"GIF89a", b"RIFF\0\0\0\0WAVE", b"RIFF", b"%PDF-1.4"])
def test_anything_else_is_not_a_photo(content: bytes) -> None:
    with pytest.raises(ImageFormatUnsupported) as refusal:
        recognise(io.BytesIO(content))
    assert refusal.value.details == {"supported": ["jpeg", "png", "webp"]}


@pytest.mark.parametrize("whole", [JPEG, PNG])
def test_a_photo_that_is_visibly_cut_off_is_refused(whole: bytes) -> None:
    for end in (*range(16, len(whole), 97), len(whole) - 1):
        with pytest.raises(ImageCorrupt):
            recognise(io.BytesIO(whole[:end]))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0\x00\x01",
        b"\xff\xd8\xff\xe0\x00\x02\x00",
        b"\xff\xd8\xff" + b"\xff" * 5000 + b"\xd9",
        PNG[:-4] + b"\0\0\0\0",
        PNG[:-12] + b"\0\0\0\1IEND\0\0\0\0\0",
    ],
    ids=["impossible length", "no marker", "only filling", "wrong checksum", "an end with content"],
)
def test_a_photo_that_is_put_together_wrongly_is_refused(content: bytes) -> None:
    with pytest.raises(ImageCorrupt):
        recognise(io.BytesIO(content))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + segment(0xE1, b"\xff\xd9" * 30) + SCAN + b"\xff\xd9",
        b"\xff\xd8\xff\xff\xff" + segment(0xFE, b"x")[1:] + b"\xff\x01\xff\xd0" + SCAN + b"\xff\xd9",
        b"\xff\xd8" + SCAN + b"\xff\x00\xff\xd3\xff\xff\x00" + b"\xff\xff\xd9",
        b"\xff\xd8" + segment(0xE2, bytes(HUGE % 65_533)) * 4 + SCAN + bytes(HUGE) + b"\xff\xd9",
        b"\xff\xd8" + SCAN + bytes(65_536 - 2 - len(SCAN) - 1) + b"\xff\xd9",
        b"\xff\xd8" + SCAN + b"\xff\xd9" + b"and then anything \xff\xe1",
    ],
    ids=[
        "a thumbnail's end",
        "filling",
        "stuffing and restarts",
        "many blocks",
        "a torn marker",
        "a trailer",
    ],
)
def test_the_walk_over_a_jpeg_minds_its_grammar(content: bytes) -> None:
    assert recognise(io.BytesIO(content)) is ImageFormat.JPEG


def test_too_many_scans_are_refused_and_as_many_as_needed_are_not() -> None:
    assert recognise(io.BytesIO(b"\xff\xd8" + SCAN * MAX_SCANS + b"\xff\xd9")) is ImageFormat.JPEG
    with pytest.raises(ImageTooComplex):
        recognise(io.BytesIO(b"\xff\xd8" + SCAN * (MAX_SCANS + 1) + b"\xff\xd9"))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + segment(0xFE, b"") * (MAX_PARTS + 9) + b"\xff\xd9",
        b"\xff\xd8" + b"\xff\xd0" * (MAX_PARTS + 9) + b"\xff\xd9",
        PNG[:33] + pictures.chunk(b"teXt", b"") * (MAX_PARTS + 9) + PNG[33:],
    ],
    ids=["segments", "restarts", "chunks"],
)
def test_a_file_of_nothing_but_tiny_parts_is_refused(content: bytes) -> None:
    with pytest.raises(ImageTooComplex):
        recognise(io.BytesIO(content))


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", JPEG[:180], PNG[:40]]),
)
@example(b"\xff" * 400, b"\xff\xd8\xff")
def test_any_bytes_are_recognised_or_refused(tail: bytes, head: bytes) -> None:
    with suppress(ImageCorrupt, ImageTooComplex, ImageFormatUnsupported):
        assert recognise(io.BytesIO(head + tail)) in ImageFormat


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff" + b"\xff" * 2_000_000,
        b"\xff\xd8" + SCAN + b"\xff\x00" * 1_000_000,
        b"\xff\xd8" + segment(0xE0, bytes(65_533)) * 30,
        b"\xff\xd8" + (SCAN + b"\xff\xd0" * 16_000) * 60,
        PNG[:33] + pictures.chunk(b"IDAT", bytes(8192)) * 250,
    ],
    ids=["filling", "stuffing", "segments", "restarts", "chunks"],
)
def test_recognising_reads_every_byte_once_at_most(content: bytes) -> None:
    file = Counted(content)
    with suppress(ImageCorrupt, ImageTooComplex):
        recognise(file)
    assert file.bytes_read <= len(content) + 16
    assert file.calls <= len(content) // 4096 + 10
