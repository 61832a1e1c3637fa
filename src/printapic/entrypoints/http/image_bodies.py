"""What a photo looks like on the wire, and how it prints."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from printapic.application.images.library import Printability
from printapic.application.ports.images import PRESETS
from printapic.domain.catalogue.product import Product
from printapic.domain.images.image import Image
from printapic.domain.images.preflight import Finding, Preflight
from printapic.entrypoints.http.bodies import ResponseBody


class ImageBody(ResponseBody, kw_only=True):
    """`renditions` maps each preset to its address. Sizes are those of the upright picture."""

    id: UUID
    state: str
    file_name: str | None
    format: str
    width_px: int
    height_px: int
    size_bytes: int
    sha256: str
    taken_at: datetime | None
    created_at: datetime
    renditions: dict[str, str]


class FindingBody(ResponseBody, kw_only=True):
    """One thing to know about a print. A `warn` must be acknowledged when ordering, by its code."""

    code: str
    severity: str
    actual: str | None
    target: str | None
    unit: str | None


class CropBox(ResponseBody, kw_only=True):
    left: int
    top: int
    right: int
    bottom: int


class ProductPrintability(ResponseBody, kw_only=True):
    """How the photo prints on one product. `largest_size` is the largest paper without a warning."""

    sku: str
    name: str
    verdict: str
    effective_dpi: str
    trim: str
    crop_px: CropBox
    largest_size: str
    findings: list[FindingBody]


class PrintabilityBody(ResponseBody, kw_only=True):
    """`largest_without_warning` and `largest_printable` are skus, null where nothing fits."""

    products: list[ProductPrintability]
    largest_without_warning: str | None
    largest_printable: str | None


def image_body(image: Image) -> ImageBody:
    return ImageBody(
        id=image.id,
        state=image.state.value,
        file_name=image.file_name,
        format=image.facts.format.value,
        width_px=image.facts.width_px,
        height_px=image.facts.height_px,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        taken_at=image.facts.taken_at,
        created_at=image.created_at,
        renditions={preset: f"/v1/images/{image.id}/renditions/{preset}.jpg" for preset in PRESETS},
    )


def _finding(finding: Finding) -> FindingBody:
    return FindingBody(
        code=finding.code,
        severity=finding.severity.value,
        actual=finding.actual,
        target=finding.target,
        unit=finding.unit,
    )


def _on(product: Product, report: Preflight) -> ProductPrintability:
    crop = report.crop
    return ProductPrintability(
        sku=product.sku,
        name=product.name,
        verdict=report.verdict.value,
        effective_dpi=report.dpi_shown,
        trim=str(report.trim),
        crop_px=CropBox(left=crop.left, top=crop.top, right=crop.right, bottom=crop.bottom),
        largest_size=str(report.largest_size),
        findings=[_finding(finding) for finding in report.findings],
    )


def printability_body(found: Printability) -> PrintabilityBody:
    clean, largest = found.largest_without_warning, found.largest_printable
    return PrintabilityBody(
        products=[_on(product, report) for product, report in found.products],
        largest_without_warning=clean.sku if clean else None,
        largest_printable=largest.sku if largest else None,
    )
