"""Our image engine against the Pillow code that everybody writes first, doing the same work."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
from PIL import Image, ImageCms, ImageOps
from rich.console import Console
from rich.table import Table

from benchmarks.pairs import compared
from printapic.adapters.images.colours import SRGB_PROFILE
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.application.ports.images import PRESETS, Fit, Rendered
from printapic.domain.images.layout import PrintLayout, central_crop
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, default_bands
from printapic.entrypoints.cli.sample_photo import make_sample_photo
from tests.looks import psnr
from tests.pictures import DISPLAY_P3, encoded, rgb_profile

PROCESSOR = PillowImageProcessor(workers=1)
EIGHT_MEGAPIXELS = 3264, 2448
_20X30 = PrintSpecification(
    trim=PrintSize(Decimal(200), Decimal(300)),
    bleed_mm=Decimal(0),  # plain code would not know how to mirror it
    safe_mm=Decimal(4),
    dpi=300,
    orientation=Orientation.EITHER,
    bands=default_bands(29),
)


@attrs.frozen(kw_only=True)
class Case:
    """The same work done by both, and the picture that a perfect one would show."""

    name: str
    ours: Callable[[], list[Rendered]]
    peer: Callable[[], list[bytes]]


def main(*, short: bool = False) -> None:
    """Print one line per kind of work."""
    pairs = 2 if short else 15
    table = Table(title=f"Images: ours against plain Pillow, one thread, medians of {pairs} pairs")
    for column in ("work", "ours, CPU ms", "peer, CPU ms", "CPU ratio", "wall ratio", "bytes", "alike, dB"):
        table.add_column(column, justify="left" if column == "work" else "right")
    for case in islice(cases(), 1 if short else None):
        result = compared(case.ours, case.peer, pairs=pairs)
        size, alike = checked(case)
        table.add_row(
            case.name,
            f"{result.ours_cpu_ms:.0f}",
            f"{result.peer_cpu_ms:.0f}",
            str(result.cpu),
            str(result.wall),
            f"{size:.2f}",
            f"{alike:.1f}",
        )
    Console(width=130).print(table, f"[dim]{PROCESSOR.fingerprint}")


def cases() -> Iterator[Case]:
    """Three renditions, and a print of 20x30 cm at 300 dpi, of each photo."""
    for name, photo in photos():
        yield Case(
            name=f"3 renditions, {name}",
            ours=partial(_our_renditions, photo),
            peer=partial(_plain_renditions, photo),
        )
        laid = layout(photo)
        yield Case(
            name=f"print 20x30 cm, {name}",
            ours=partial(_our_print, photo, laid),
            peer=partial(_plain_print, photo, laid),
        )


def photos() -> Iterator[tuple[str, bytes]]:
    """A painted phone photo at 8 MP, without and with a wide gamut, and a real one where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.jpg"
        make_sample_photo(path)
        with Image.open(path) as image:
            exif, painted = image.getexif(), image.resize(EIGHT_MEGAPIXELS, Image.Resampling.LANCZOS)
    options: dict[str, Any] = {"quality": 92, "subsampling": "4:2:0", "exif": exif}
    yield "8 MP painted, sRGB", encoded(painted, **options)
    yield "8 MP painted, Display P3", encoded(painted, icc_profile=rgb_profile(DISPLAY_P3, 2.2), **options)
    real = Path(os.environ.get("PRINTAPIC_PHOTOS") or Path(__file__).parents[2] / "shared" / "photos")
    for found in sorted(real.glob("jolla-*.jpg")):
        yield f"8 MP {found.stem}", found.read_bytes()


def layout(photo: bytes) -> PrintLayout:
    """The photo's middle on the paper, with bleed."""
    facts = PROCESSOR.inspect(io.BytesIO(photo), {}).facts
    width, height = facts.width_px, facts.height_px
    crop = central_crop(width, height, _20X30)
    return PrintLayout.of(crop=crop, width_px=width, height_px=height, specification=_20X30)


def checked(case: Case) -> tuple[float, float]:
    """Equal sizes; our bytes as a share of the peer's; how alike the least alike pair is."""
    ours, peer = case.ours(), case.peer()
    alike = []
    for mine, theirs in zip(ours, peer, strict=True):
        one, other = (Image.open(io.BytesIO(content)) for content in (mine.content, theirs))
        if any(abs(a - b) > 1 for a, b in zip(one.size, other.size, strict=True)):
            raise AssertionError(f"{case.name}: {one.size} and {other.size}")
        alike.append(psnr(one.convert("RGB"), other.convert("RGB").resize(one.size)))
    return sum(len(each.content) for each in ours) / sum(map(len, peer)), min(alike)


def _our_renditions(photo: bytes) -> list[Rendered]:
    return list(PROCESSOR.inspect(io.BytesIO(photo), PRESETS).renditions.values())


def _plain_renditions(photo: bytes) -> list[bytes]:
    upright = _srgb(ImageOps.exif_transpose(Image.open(io.BytesIO(photo))))
    made = []
    for spec in PRESETS.values():
        box = spec.width_px, spec.height_px
        if spec.fit is Fit.COVER:
            image = ImageOps.fit(upright, box, Image.Resampling.LANCZOS)
        else:
            image = upright.copy()
            image.thumbnail(box, Image.Resampling.LANCZOS)
        made.append(_saved(image, quality=spec.quality))
    return made


def _our_print(photo: bytes, laid: PrintLayout) -> list[Rendered]:
    return [PROCESSOR.print_master(io.BytesIO(photo), laid)]


def _plain_print(photo: bytes, laid: PrintLayout) -> list[bytes]:
    upright = _srgb(ImageOps.exif_transpose(Image.open(io.BytesIO(photo))))
    source = laid.source
    part = upright.crop((source.left, source.top, source.right, source.bottom))
    sheet = Image.new("RGB", (laid.canvas_width_px, laid.canvas_height_px), "white")
    scaled = part.resize((laid.target.width_px, laid.target.height_px), Image.Resampling.LANCZOS)
    sheet.paste(scaled, (laid.target.left, laid.target.top))
    content = _saved(
        sheet, quality=95, subsampling="4:4:4", dpi=(laid.dpi, laid.dpi), icc_profile=SRGB_PROFILE
    )
    return [content]


def _srgb(image: Image.Image) -> Image.Image:
    if "icc_profile" not in image.info:
        return image
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    converted = ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if converted is None:
        raise AssertionError("nothing was converted")
    return converted


def _saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()
