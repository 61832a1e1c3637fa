"""Whatever bytes come in: a picture goes out, or one of our own refusals."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.application.ports.images import (
    PRESETS,
    ImageProcessor,
)
from printapic.domain.errors import PrintAPicError
from printapic.domain.images.formats import (
    ImageFormat,
)
from tests import pictures
from tests.looks import (
    file,
    whole,
)
from tests.pictures import encoded, marker, scene

VALID = {
    "jpeg": encoded(scene(96, 64), exif=pictures.exif_with_canaries(), comment="x"),
    "progressive": encoded(scene(96, 64), progressive=True),
    "ink": encoded(scene(60, 40).convert("CMYK")),
    "png": encoded(scene(60, 40), "PNG", exif=pictures.exif_with_canaries()),
    "palette": encoded(scene(60, 40).convert("P"), "PNG", transparency=3),
    "webp": encoded(scene(60, 40), "WEBP", exif=pictures.exif_with_canaries()),
    "lossless": encoded(scene(60, 40).convert("RGBA"), "WEBP", lossless=True),
    "several": pictures.multi_picture(marker(60, 40), scene(60, 40)),
    "profile": encoded(scene(60, 40), icc_profile=pictures.rgb_profile(pictures.DISPLAY_P3, 2.2)),
}


def survives(processor: ImageProcessor, content: bytes) -> None:
    """All goes well, or one of our own refusals is raised; nothing else."""
    for attempt in (
        lambda: processor.inspect(file(content), PRESETS),
        lambda: processor.print_master(file(content), whole(60, 40, (90, 60))),
    ):
        with suppress(PrintAPicError):
            attempt()


@pytest.mark.parametrize("name", VALID)
def test_every_flipped_bit_of_a_header_is_survived(processor: ImageProcessor, name: str) -> None:
    valid = VALID[name]
    for place in range(min(len(valid), 160)):
        for bit in (0x01, 0x10, 0x80):
            survives(processor, valid[:place] + bytes((valid[place] ^ bit,)) + valid[place + 1 :])


@settings(max_examples=150)
@given(
    name=st.sampled_from(sorted(VALID)),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.binary(min_size=0, max_size=6), st.integers(0, 40)), min_size=1
    ),
)
def test_mutilated_photos_are_survived(
    processor: ImageProcessor, name: str, changes: list[tuple[float, bytes, int]]
) -> None:
    content = VALID[name]
    for where, inserted, removed in changes:
        place = int(where * len(content))
        content = content[:place] + inserted + content[place + removed :]
    survives(processor, content)


@settings(max_examples=80)
@given(
    icc=st.binary(max_size=500),
    flips=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=8),
)
def test_mutilated_profiles_are_survived(
    processor: ImageProcessor, icc: bytes, flips: list[tuple[int, int]]
) -> None:
    profile = bytearray(pictures.rgb_profile(pictures.DISPLAY_P3, 2.2))
    for place, value in flips:
        profile[place % len(profile)] = value
    survives(processor, encoded(marker(24, 16), icc_profile=icc or b"x"))
    survives(processor, encoded(marker(24, 16), icc_profile=bytes(profile)))


@settings(max_examples=80)
@given(exif=st.binary(max_size=300))
def test_nonsense_in_exif_harms_no_photo(processor: ImageProcessor, exif: bytes) -> None:
    jpeg = pictures.with_segments(encoded(marker(60, 40)), pictures.segment(0xE1, b"Exif\0\0" + exif))
    assert processor.inspect(file(jpeg), {}).facts.format is ImageFormat.JPEG
