"""Preflight: what will be seen on the paper, said before anybody pays for it.

A pure function of the photo's facts, the crop and the product: the same answer on the printability
page, at checkout and in production.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction

import attrs

from printapic.domain.crops import CropInvalid, CropRecipe, PixelBox
from printapic.domain.images.image import ColourProfile, ColourSpace, ImageFacts
from printapic.domain.images.layout import (
    MAX_ASPECT_ERROR,
    PrintLayout,
    aspect_error,
    crop_box,
    effective_dpi,
    largest_size,
)
from printapic.domain.print_sizes import MM_PER_INCH, PrintSize, PrintSpecification

MIN_CROP_PX = 16
_NOTEWORTHY_LOSS = Fraction(15, 100)


class Severity(StrEnum):
    """How much a finding matters. A `BLOCK` stops the order; each `WARN` needs the customer's consent."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"


class Verdict(StrEnum):
    """The worst severity found, `CLEAN` where there is none."""

    CLEAN = "clean"
    INFO = "info"
    WARN = "warn"
    BLOCK = "block"


@attrs.frozen(kw_only=True)
class Finding:
    """One thing to know: a stable `code`, its severity, and the figures it rests on, as plain text."""

    code: str
    severity: Severity
    actual: str | None = None
    target: str | None = None
    unit: str | None = None


@attrs.frozen(kw_only=True)
class Preflight:
    """How one crop of one photo prints on one product."""

    crop: PixelBox
    trim: PrintSize
    effective_dpi: Fraction
    findings: tuple[Finding, ...]
    largest_size: PrintSize

    @property
    def verdict(self) -> Verdict:
        severities = {finding.severity for finding in self.findings}
        for severity in (Severity.BLOCK, Severity.WARN, Severity.INFO):
            if severity in severities:
                return Verdict(severity.value)
        return Verdict.CLEAN

    @property
    def warnings(self) -> tuple[str, ...]:
        """The codes that the customer must acknowledge."""
        return tuple(finding.code for finding in self.findings if finding.severity is Severity.WARN)

    @property
    def dpi_shown(self) -> str:
        return one_decimal(self.effective_dpi)


def preflight(facts: ImageFacts, crop: CropRecipe | None, specification: PrintSpecification) -> Preflight:
    """Judge a photo for a product. `crop` None means that we crop centrally.

    Raises `CropInvalid` for a crop of fewer than 16 pixels on a side.
    """
    box = crop_box(crop, facts.width_px, facts.height_px, specification)
    if crop is not None and min(box.width_px, box.height_px) < MIN_CROP_PX:
        raise CropInvalid(f"must keep at least {MIN_CROP_PX} pixels on each side")
    trim = specification.trim_for(landscape=box.width_px > box.height_px)
    dpi = effective_dpi(box, trim)
    layout = PrintLayout.of(
        crop=box, width_px=facts.width_px, height_px=facts.height_px, specification=specification
    )
    findings = (
        *_resolution(dpi, specification),
        *_geometry(facts, crop, box, trim, specification),
        *_bleed(layout),
        *_colour(facts),
    )
    return Preflight(
        crop=box,
        trim=trim,
        effective_dpi=dpi,
        findings=findings,
        largest_size=largest_size(box, specification.bands.warn_dpi),
    )


def _resolution(dpi: Fraction, specification: PrintSpecification) -> Iterator[Finding]:
    bands = specification.bands
    for limit, severity in (
        (bands.block_dpi, Severity.BLOCK),
        (bands.warn_dpi, Severity.WARN),
        (bands.inform_dpi, Severity.INFO),
    ):
        if dpi < limit:
            yield Finding(
                code="LOW_RESOLUTION",
                severity=severity,
                actual=one_decimal(dpi),
                target=str(limit),
                unit="dpi",
            )
            break
    if dpi < specification.dpi:
        factor = Fraction(specification.dpi) / dpi
        yield Finding(code="UPSCALED", severity=Severity.INFO, actual=two_decimals(factor), unit="times")
    if dpi > 2 * specification.dpi:
        yield Finding(
            code="OVERSIZED",
            severity=Severity.INFO,
            actual=one_decimal(dpi),
            target=str(specification.dpi),
            unit="dpi",
        )


def _geometry(
    facts: ImageFacts,
    crop: CropRecipe | None,
    box: PixelBox,
    trim: PrintSize,
    specification: PrintSpecification,
) -> Iterator[Finding]:
    error = aspect_error(box, trim)
    if crop is not None and error > MAX_ASPECT_ERROR:
        yield Finding(
            code="ASPECT_MISMATCH",
            severity=Severity.BLOCK,
            actual=one_decimal(error * 100),
            target=one_decimal(MAX_ASPECT_ERROR * 100),
            unit="percent",
        )
    if crop is None:
        lost = 1 - Fraction(box.width_px * box.height_px, facts.width_px * facts.height_px)
        if lost > 0:
            severity = Severity.WARN if lost > _NOTEWORTHY_LOSS else Severity.INFO
            yield Finding(code="AUTO_CROP", severity=severity, actual=one_decimal(lost * 100), unit="percent")
    if trim != specification.trim:
        yield Finding(code="PRODUCT_TURNED", severity=Severity.INFO)


def _bleed(layout: PrintLayout) -> Iterator[Finding]:
    widest = max(layout.mirrored_px)
    if widest:
        width_mm = widest * MM_PER_INCH / layout.dpi
        yield Finding(
            code="BLEED_SYNTHESISED", severity=Severity.INFO, actual=one_decimal(width_mm), unit="mm"
        )


def _colour(facts: ImageFacts) -> Iterator[Finding]:
    if facts.colour_space is ColourSpace.CMYK:
        yield Finding(code="CMYK_INPUT", severity=Severity.INFO)
    if facts.colour_profile is ColourProfile.MISSING:
        untagged_cmyk = facts.colour_space is ColourSpace.CMYK
        yield Finding(code="PROFILE_MISSING", severity=Severity.WARN if untagged_cmyk else Severity.INFO)
    if facts.colour_profile is ColourProfile.INVALID:
        yield Finding(code="PROFILE_INVALID", severity=Severity.WARN)
    if facts.bits_per_channel > 8:
        yield Finding(code="HIGH_BIT_DEPTH", severity=Severity.INFO)
    if facts.has_alpha:
        yield Finding(code="ALPHA_FLATTENED", severity=Severity.WARN)


def one_decimal(value: Fraction) -> str:
    tenths = _half_up(value, 10)
    return f"{tenths // 10}.{tenths % 10}"


def two_decimals(value: Fraction) -> str:
    hundredths = _half_up(value, 100)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _half_up(value: Fraction, steps: int) -> int:
    return (2 * steps * value.numerator + value.denominator) // (2 * value.denominator)
