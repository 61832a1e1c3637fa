"""What will be seen on the paper, said before anybody pays for it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.crops import CropInvalid, CropRecipe, PixelBox
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import ColourProfile, ColourSpace, ImageFacts
from printapic.domain.images.preflight import (
    Finding,
    Preflight,
    Severity,
    Verdict,
    one_decimal,
    preflight,
    two_decimals,
)
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, default_bands

PHOTO = ImageFacts(
    format=ImageFormat.JPEG,
    width_px=3024,
    height_px=4032,
    orientation=6,
    colour_space=ColourSpace.RGB,
    colour_profile=ColourProfile.SRGB,
    has_alpha=False,
)
CROP = CropRecipe.parse("0.1,0.15,0.6,0.675")
IN_THE_HAND, FRAMED, POSTER = 29, 40, 50
ORDER = [Verdict.CLEAN, Verdict.INFO, Verdict.WARN, Verdict.BLOCK]


def product(
    width_mm: int, height_mm: int, viewing_cm: int = IN_THE_HAND, bleed_mm: int = 0
) -> PrintSpecification:
    return PrintSpecification(
        trim=PrintSize(Decimal(width_mm), Decimal(height_mm)),
        bleed_mm=Decimal(bleed_mm),
        safe_mm=Decimal(4),
        dpi=300,
        orientation=Orientation.EITHER,
        bands=default_bands(viewing_cm),
    )


def codes(result: Preflight) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in result.findings}


def found(result: Preflight, code: str) -> Finding:
    (finding,) = (each for each in result.findings if each.code == code)
    return finding


@pytest.mark.parametrize(
    ("specification", "dpi", "factor", "verdict", "aspect"),
    [
        (product(100, 150, IN_THE_HAND, 3), "460.8", None, Verdict.CLEAN, None),
        (product(130, 180, IN_THE_HAND, 3), "354.6", None, Verdict.BLOCK, "7.6"),
        (product(200, 300, IN_THE_HAND, 3), "230.4", "1.30", Verdict.INFO, None),
        (product(300, 450, FRAMED, 3), "153.6", "1.95", Verdict.INFO, None),
        (product(400, 600, POSTER, 3), "115.2", "2.60", Verdict.WARN, None),
        (product(600, 900, POSTER, 3), "76.8", "3.91", Verdict.WARN, None),
        (product(700, 1000, POSTER, 3), "65.9", "4.56", Verdict.BLOCK, "4.7"),
    ],
    ids=["10x15", "13x18", "20x30", "30x45 framed", "40x60 poster", "60x90 poster", "70x100 poster"],
)
def test_a_phone_photo_on_seven_products(
    specification: PrintSpecification, dpi: str, factor: str | None, verdict: Verdict, aspect: str | None
) -> None:
    result = preflight(PHOTO, CROP, specification)
    assert result.crop == PixelBox(302, 605, 2117, 3326)
    assert result.dpi_shown == dpi
    assert result.verdict is verdict
    assert ("UPSCALED" in codes(result)) == (factor is not None)
    if factor is not None:
        assert found(result, "UPSCALED").actual == factor
    assert ("ASPECT_MISMATCH" in codes(result)) == (aspect is not None)
    if aspect is not None:
        mismatch = found(result, "ASPECT_MISMATCH")
        assert (mismatch.actual, mismatch.target, mismatch.unit) == (aspect, "1.0", "percent")


def test_a_low_resolution_names_what_it_is_and_what_it_should_be() -> None:
    low = found(preflight(PHOTO, CROP, product(400, 600, POSTER)), "LOW_RESOLUTION")
    assert low == Finding(
        code="LOW_RESOLUTION", severity=Severity.WARN, actual="115.2", target="120", unit="dpi"
    )
    assert codes(preflight(PHOTO, CROP, product(700, 1000, POSTER)))["LOW_RESOLUTION"] is Severity.BLOCK
    assert codes(preflight(PHOTO, CROP, product(200, 300)))["LOW_RESOLUTION"] is Severity.INFO


def test_far_too_many_pixels_are_mentioned() -> None:
    result = preflight(PHOTO, CropRecipe.parse("0,0,1,1"), product(75, 100))
    assert found(result, "OVERSIZED").severity is Severity.INFO
    assert (found(result, "OVERSIZED").actual, found(result, "OVERSIZED").target) == ("1024.1", "300")


def test_warnings_are_what_needs_consent() -> None:
    result = preflight(attrs.evolve(PHOTO, has_alpha=True), CROP, product(400, 600, POSTER))
    assert result.warnings == ("LOW_RESOLUTION", "ALPHA_FLATTENED")
    assert preflight(PHOTO, CROP, product(100, 150)).warnings == ()


def test_cropping_for_the_customer_is_said() -> None:
    assert "AUTO_CROP" not in codes(preflight(PHOTO, None, product(150, 200)))
    slight = found(preflight(PHOTO, None, product(100, 150)), "AUTO_CROP")
    assert (slight.severity, slight.actual, slight.unit) == (Severity.INFO, "11.1", "percent")
    assert found(preflight(PHOTO, None, product(200, 200)), "AUTO_CROP").severity is Severity.WARN
    assert "ASPECT_MISMATCH" not in codes(preflight(PHOTO, None, product(200, 200)))


def test_turning_the_paper_is_said() -> None:
    result = preflight(PHOTO, None, product(150, 100))
    assert codes(result)["PRODUCT_TURNED"] is Severity.INFO
    assert result.trim == PrintSize(Decimal(100), Decimal(150))


def test_mirroring_the_bleed_is_said() -> None:
    mirrored = preflight(PHOTO, CropRecipe.parse("0,0,0.888889,1"), product(100, 150, IN_THE_HAND, 3))
    assert (found(mirrored, "BLEED_SYNTHESISED").actual, found(mirrored, "BLEED_SYNTHESISED").unit) == (
        "3.0",
        "mm",
    )
    assert "BLEED_SYNTHESISED" not in codes(preflight(PHOTO, CROP, product(100, 150, IN_THE_HAND, 3)))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"colour_profile": ColourProfile.MISSING}, {"PROFILE_MISSING": Severity.INFO}),
        ({"colour_profile": ColourProfile.INVALID}, {"PROFILE_INVALID": Severity.WARN}),
        ({"colour_profile": ColourProfile.OTHER}, {}),
        ({"colour_space": ColourSpace.CMYK}, {"CMYK_INPUT": Severity.INFO}),
        (
            {"colour_space": ColourSpace.CMYK, "colour_profile": ColourProfile.MISSING},
            {"CMYK_INPUT": Severity.INFO, "PROFILE_MISSING": Severity.WARN},
        ),
        ({"colour_space": ColourSpace.GREY}, {}),
        ({"bits_per_channel": 16}, {"HIGH_BIT_DEPTH": Severity.INFO}),
        ({"has_alpha": True}, {"ALPHA_FLATTENED": Severity.WARN}),
    ],
)
def test_what_happens_to_colours_is_said(change: dict[str, Any], expected: dict[str, Severity]) -> None:
    assert codes(preflight(attrs.evolve(PHOTO, **change), CROP, product(100, 150))) == expected


def test_a_crop_of_hardly_any_pixels_is_refused() -> None:
    for tiny in ("0,0,0.005,0.5", "0,0,0.5,0.003"):
        with pytest.raises(CropInvalid):
            preflight(PHOTO, CropRecipe.parse(tiny), product(100, 150))
    assert (
        preflight(attrs.evolve(PHOTO, width_px=8, height_px=12), None, product(100, 150)).verdict
        is Verdict.BLOCK
    )


@given(st.integers(40, 1000), st.integers(1, 400))
def test_larger_paper_is_never_judged_better(width: int, more: int) -> None:
    smaller = preflight(PHOTO, CROP, product(width, width * 3 // 2))
    larger = preflight(PHOTO, CROP, product(width + more, (width + more) * 3 // 2))
    low = [codes(each).get("LOW_RESOLUTION") for each in (smaller, larger)]
    order = [None, Severity.INFO, Severity.WARN, Severity.BLOCK]
    assert order.index(low[0]) <= order.index(low[1])
    assert larger.effective_dpi <= smaller.effective_dpi


@given(st.integers(100, 8000), st.integers(100, 8000))
def test_the_largest_size_is_one_that_preflight_does_not_warn_of(width: int, height: int) -> None:
    facts = attrs.evolve(PHOTO, width_px=width, height_px=height)
    largest = preflight(facts, CropRecipe.parse("0,0,1,1"), product(100, 150)).largest_size
    at_largest = attrs.evolve(product(100, 150), trim=largest)
    if min(largest.width_mm, largest.height_mm) > 1:
        result = preflight(facts, CropRecipe.parse("0,0,1,1"), at_largest)
        assert codes(result).get("LOW_RESOLUTION") in {None, Severity.INFO}


def test_the_verdict_is_the_worst_of_what_was_found() -> None:
    result = preflight(PHOTO, CROP, product(100, 150))
    for count in range(4):
        findings = tuple(Finding(code=each, severity=each) for each in list(Severity)[:count])
        assert attrs.evolve(result, findings=findings).verdict is ORDER[count]


def test_figures_are_rounded_half_up() -> None:
    assert [one_decimal(Fraction(each)) for each in ("0.04", "0.05", "12.96", "7")] == [
        "0.0",
        "0.1",
        "13.0",
        "7.0",
    ]
    assert [two_decimals(Fraction(each)) for each in ("1.004", "1.005", "1.999", "3.1")] == [
        "1.00",
        "1.01",
        "2.00",
        "3.10",
    ]
