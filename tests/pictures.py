"""Pictures made for tests: honest ones, odd ones, and those that mean harm.

Every maker is a pure function of its arguments; nothing is random.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageOps, PngImagePlugin

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 60), (40, 60, 210), (230, 210, 40)
CANARY = "canary7f3a"
"""A text that must never leave the shop."""

FROM_UPRIGHT: Mapping[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera held so stores an upright scene."""


def marker(width_px: int = 600, height_px: int = 400) -> Image.Image:
    """Four corners of four colours: no turn and no mirroring maps it onto itself."""
    image = Image.new("RGB", (width_px, height_px))
    draw = ImageDraw.Draw(image)
    middle_x, middle_y = width_px // 2, height_px // 2
    draw.rectangle((0, 0, middle_x - 1, middle_y - 1), RED)
    draw.rectangle((middle_x, 0, width_px, middle_y - 1), GREEN)
    draw.rectangle((0, middle_y, middle_x - 1, height_px), BLUE)
    draw.rectangle((middle_x, middle_y, width_px, height_px), YELLOW)
    return image


@lru_cache(maxsize=4)
def _scene(width_px: int, height_px: int) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width_px, height_px), Image.Resampling.BICUBIC)
    across = Image.linear_gradient("L").rotate(90).resize((width_px, height_px), Image.Resampling.BICUBIC)
    round_ = Image.radial_gradient("L").resize((width_px, height_px), Image.Resampling.BICUBIC)
    image = Image.merge("RGB", (across, ramp, ImageOps.invert(round_)))
    draw = ImageDraw.Draw(image)
    step = max(width_px // 12, 4)
    for index, x in enumerate(range(0, width_px, step)):
        y = height_px * (index % 5 + 1) // 7
        draw.ellipse((x, y, x + step, y + step), (index * 37 % 256, index * 91 % 256, index * 151 % 256))
        draw.line((x, 0, width_px - x, height_px), (255, 255, 255), max(step // 10, 1))
    return image


def scene(width_px: int = 900, height_px: int = 600) -> Image.Image:
    """Gradients, edges and colours, much like a photo."""
    return _scene(width_px, height_px).copy()


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:  # noqa: A002
    """The picture as a file. Lossy formats are written at high quality unless told otherwise."""
    if format != "PNG":
        options = {"quality": 95, **options}
    if format == "JPEG":
        options = {"subsampling": 0, **options}
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def oriented(upright: Image.Image, orientation: int, format: str = "JPEG") -> bytes:  # noqa: A002
    """A file whose pixels are stored turned and whose EXIF says how."""
    turn = FROM_UPRIGHT.get(orientation)
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encoded(stored, format, exif=exif)


def taken(moment: str | None, offset: str | None = None) -> bytes:
    """A photo whose camera wrote this time of exposure."""
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if moment is not None:
        details[ExifTags.Base.DateTimeOriginal] = moment
    if offset is not None:
        details[ExifTags.Base.OffsetTimeOriginal] = offset
    return encoded(marker(60, 40), exif=exif)


def truncated(content: bytes) -> Iterator[bytes]:
    """The file, cut off in five places."""
    for percent in (25, 50, 90, 99):
        yield content[: len(content) * percent // 100]
    yield content[:-2]


def rgb_profile(
    primaries: tuple[tuple[float, float], ...], gamma: float, name: str = "made for a test"
) -> bytes:
    """An ICC profile of a display with these primaries (CIE x, y of red, green, blue), white at D65."""
    columns = _adapted_primaries(primaries)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = name.encode()
    description = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 4 + 4 + 2 + 1 + 67)
    tags = [
        (b"desc", description),
        (b"cprt", b"text" + bytes(4) + b"none\0"),
        (b"wtpt", _xyz((0.9642, 1.0, 0.8249))),
        *((tag, _xyz(column)) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    return profile_file(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of greys."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"grey"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 4 + 4 + 2 + 1 + 67)
    white = _xyz((0.9642, 1.0, 0.8249))
    return profile_file(b"GRAY", [(b"desc", description), (b"wtpt", white), (b"kTRC", curve)])


def profile_file(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    """An ICC file (version 2.1) of these tags."""
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags:
        table += signature + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02100000, b"mntr", space, b"XYZ ", b"acsp")
    header += bytes(68 - len(header)) + illuminant
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _adapted_primaries(primaries: tuple[tuple[float, float], ...]) -> list[tuple[float, ...]]:
    """XYZ of the primaries for white at D50. Their lights add up to white: solved by Cramer's rule."""
    white = (0.9642, 1.0, 0.8249)
    source = [[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]
    d65 = (0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290)
    whole = _determinant(source)
    columns = []
    for index, column in enumerate(source):
        swapped = [list(d65) if at == index else other for at, other in enumerate(source)]
        share = _determinant(swapped) / whole
        columns.append(
            tuple(share * value * to / of for value, to, of in zip(column, white, d65, strict=True))
        )
    return columns


def _determinant(rows: list[list[float]]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """What LittleCMS makes of colours with a profile, by its own sRGB: the reference."""
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return converted


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bare_png(
    width_px: int, height_px: int, *, depth: int = 8, colours: int = 2, pixels: bytes | None = None
) -> bytes:
    """A PNG put together by hand, with black pixels unless others (deflated) are given."""
    header = struct.pack(">IIBBBBB", width_px, height_px, depth, colours, 0, 0, 0)
    if pixels is None:
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
        row = bytes(1 + (width_px * depth * channels + 7) // 8)
        deflate = zlib.compressobj(9)
        pixels = b"".join(deflate.compress(row) for _ in range(height_px)) + deflate.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def segment(marker_: int, data: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker_)) + struct.pack(">H", len(data) + 2) + data


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with further segments behind its start."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def declaring(jpeg: bytes, width_px: int, height_px: int) -> bytes:
    """A JPEG that lies about its size."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height_px, width_px) + jpeg[at + 4 :]


def scan_bomb(scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan again and again."""
    jpeg = encoded(scene(320, 200), progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * scans + jpeg[-2:]


def webp_chunks(webp: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP with further chunks at its end."""
    body = webp[8:]
    for name, data in chunks:
        body += name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif_with_canaries() -> Image.Exif:
    """EXIF with a place, an artist, a serial number, a maker note and a comment that must not leave."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = f"artist {CANARY}"
    exif[ExifTags.Base.Make] = f"make {CANARY}"
    exif[ExifTags.Base.ImageDescription] = f"description {CANARY}"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.MakerNote] = f"note {CANARY}".encode()
    details[ExifTags.Base.BodySerialNumber] = f"serial {CANARY}"
    details[ExifTags.Base.UserComment] = f"ASCII\0\0\0{CANARY}".encode()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.5)
    place[ExifTags.GPS.GPSAreaInformation] = f"ASCII\0\0\0{CANARY}".encode()
    return exif


def exif_with_thumbnail() -> bytes:
    """A raw EXIF block whose second directory holds a thumbnail with a comment in it."""
    thumbnail = with_segments(encoded(marker(32, 24)), segment(0xFE, f"thumbnail {CANARY}".encode()))
    first = 8
    second = first + 2 + 12 + 4
    start = second + 2 + 3 * 12 + 4
    entry = struct.Struct(">HHII")
    return b"".join(
        (
            b"Exif\0\0MM\0*" + struct.pack(">I", first),
            struct.pack(">H", 1) + struct.pack(">HHIHH", 0x0112, 3, 1, 1, 0) + struct.pack(">I", second),
            struct.pack(">H", 3),
            struct.pack(">HHIHH", 0x0103, 3, 1, 6, 0),
            entry.pack(0x0201, 4, 1, start),
            entry.pack(0x0202, 4, 1, len(thumbnail)),
            bytes(4),
            thumbnail,
        )
    )


def _jpeg_with_canaries() -> bytes:
    jpeg = encoded(scene(300, 200), exif=exif_with_canaries(), comment=f"comment {CANARY}")
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{CANARY}</dc:creator></x:xmpmeta>'.encode()
    iptc = (
        b"8BIM\x04\x04\0\0" + struct.pack(">I", 30) + b"\x1c\x02\x50\0\x19" + f"by-line {CANARY:<17}".encode()
    )
    return (
        with_segments(
            jpeg,
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp),
            segment(0xE1, exif_with_thumbnail()),
            segment(0xED, b"Photoshop 3.0\0" + iptc),
            segment(0xE2, b"ICC_PROFILE\0\1\1" + rgb_profile(ADOBE_RGB, 2.2, name=f"profile {CANARY}")),
            segment(0xEB, f"something {CANARY}".encode()),
        )
        + f"trailer {CANARY} <?php".encode()
        + encoded(marker(40, 40), comment=CANARY)
    )


def _png_with_canaries() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", f"author {CANARY}")
    notes.add_text("Comment", f"comment {CANARY}", zip=True)
    notes.add_itxt("XML:com.adobe.xmp", f"<x>{CANARY}</x>", zip=True)
    image = scene(300, 200).convert("RGBA")
    image.putalpha(200)
    profile = rgb_profile(DISPLAY_P3, 2.2, name=f"profile {CANARY}")
    png = encoded(image, "PNG", pnginfo=notes, exif=exif_with_canaries(), icc_profile=profile)
    return with_chunks(png, chunk(b"prVt", CANARY.encode())) + f"trailer {CANARY}".encode()


def _webp_with_canaries() -> bytes:
    webp = encoded(
        scene(300, 200),
        "WEBP",
        exif=exif_with_canaries(),
        xmp=f"<x>{CANARY}</x>".encode(),
        icc_profile=rgb_profile(DISPLAY_P3, 2.2, name=f"profile {CANARY}"),
    )
    return webp_chunks(webp, (b"PRVT", CANARY.encode()))


WITH_CANARIES: Mapping[str, Callable[[], bytes]] = {
    "jpeg": _jpeg_with_canaries,
    "png": _png_with_canaries,
    "webp": _webp_with_canaries,
}


def multi_picture(*images: Image.Image) -> bytes:
    """An MPO file, as cameras write it that keep a second view."""
    buffer = io.BytesIO()
    images[0].save(buffer, "MPO", save_all=True, append_images=list(images[1:]), quality=95)
    return buffer.getvalue()


def animated(format: str) -> bytes:  # noqa: A002
    """Two frames."""
    buffer = io.BytesIO()
    marker(60, 40).save(buffer, format, save_all=True, append_images=[scene(60, 40)], duration=100)
    return buffer.getvalue()
