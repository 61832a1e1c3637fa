"""The profile that goes into every print file."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageCms

from printapic.adapters.images.colours import SRGB_PROFILE, conversion
from printapic.domain.images.image import ColourProfile
from tests import pictures
from tests.pictures import scene


def test_our_profile_is_srgb_by_the_judgement_of_littlecms() -> None:
    ours = ImageCms.ImageCmsProfile(io.BytesIO(SRGB_PROFILE))
    theirs = ImageCms.createProfile("sRGB")
    for one, other in ((ours, theirs), (theirs, ours)):
        converted = ImageCms.profileToProfile(scene(), one, other)
        assert converted is not None
        assert max(high for _, high in ImageChops.difference(converted, scene()).getextrema()) <= 1  # type: ignore[misc]


def test_our_profile_is_small_and_of_an_age_that_every_printer_reads() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(SRGB_PROFILE)).profile
    assert profile.version == 2.1
    assert profile.xcolor_space == "RGB "
    assert profile.profile_description == "sRGB"
    assert len(SRGB_PROFILE) < 3000
    assert int.from_bytes(SRGB_PROFILE[:4]) == len(SRGB_PROFILE)


def test_a_configured_profile_stands_in_for_ink_without_one() -> None:
    # A profile of greys cannot be for ink; one for ink is too large to carry around here.
    refused = conversion("CMYK", None, says_srgb=False, cmyk_profile=pictures.grey_profile(2.2))
    assert refused.profile is ColourProfile.MISSING
    assert not refused.costs
    untagged = conversion("CMYK", None, says_srgb=False)
    assert untagged == refused
    assert untagged.apply(Image.new("CMYK", (4, 4), (0, 0, 0, 255))).getpixel((0, 0)) == (0, 0, 0)


def test_a_claim_of_srgb_counts_only_without_a_profile() -> None:
    wide = pictures.rgb_profile(pictures.DISPLAY_P3, 2.2)
    assert conversion("RGB", None, says_srgb=True).profile is ColourProfile.SRGB
    assert conversion("RGB", None, says_srgb=False).profile is ColourProfile.MISSING
    assert conversion("RGB", wide, says_srgb=True).profile is ColourProfile.OTHER
