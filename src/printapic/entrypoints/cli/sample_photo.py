"""A photograph nobody took: an evening at a lake, painted from a seed, for demonstrations and benchmarks.

It is as large, as detailed and as talkative as a phone's: 12 megapixels, stored lying down with an EXIF
orientation, with a camera, a time and a place that must not leave the shop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from PIL import ExifTags, Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

WIDTH, HEIGHT = 3024, 4032
_HORIZON, _SHORE = 1850, 2640
_SUN = (1980, 1560)
_BLADES = 34_000
_SKY: tuple[tuple[float, Colour], ...] = (
    (0.0, (38, 72, 128)),
    (0.35, (84, 124, 172)),
    (0.65, (176, 176, 184)),
    (0.85, (246, 200, 150)),
    (1.0, (255, 222, 168)),
)
_MEADOW: tuple[tuple[float, Colour], ...] = ((0.0, (112, 124, 52)), (0.3, (74, 98, 38)), (1.0, (26, 44, 18)))


def make_sample_photo(path: Path) -> None:
    """Write the photo as a JPEG of 3-5 MB; equal versions of Pillow write equal bytes."""
    chance = Random(20_240_921)  # noqa: S311 - a landscape, not a secret
    photo = _sky(chance)
    _hills(photo, chance)
    _lake(photo, chance)
    _meadow(photo, chance)
    _grass(photo, chance, range(12_000))
    _tree(photo, chance)
    _grass(photo, chance, range(12_000, _BLADES))
    photo = photo.filter(ImageFilter.GaussianBlur(0.8))
    grain = _noise(chance, (WIDTH, HEIGHT), [(1, 1.0)]).point(lambda level: 116 + level * 24 // 255)
    photo = ImageChops.add(photo, Image.merge("RGB", (grain, grain, grain)), 1, -128)
    stored = photo.transpose(Image.Transpose.ROTATE_90)
    stored.save(path, "JPEG", quality=92, subsampling="4:2:0", exif=_exif(), dpi=(72, 72))


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "PrintAPic"
    exif[ExifTags.Base.Model] = "Painted Phone"
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Software] = "PrintAPic sample photo"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2024:09:21 18:42:07"
    details[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    details[ExifTags.Base.ExposureTime] = 1 / 120
    details[ExifTags.Base.FNumber] = 1.8
    details[ExifTags.Base.ISOSpeedRatings] = 100
    details[ExifTags.Base.ColorSpace] = 1
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (46.0, 21.0, 49.0)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (14.0, 5.0, 41.0)
    return exif


def _blend(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _gradient(stops: tuple[tuple[float, Colour], ...], size: tuple[int, int]) -> Image.Image:
    """From top to bottom through the colours."""
    strip = Image.new("RGB", (1, 256))
    for row in range(256):
        at = row / 255
        upper = max(index for index, (place, _) in enumerate(stops) if place <= at)
        lower = min(upper + 1, len(stops) - 1)
        span = stops[lower][0] - stops[upper][0] or 1
        strip.putpixel((0, row), _blend(stops[upper][1], stops[lower][1], (at - stops[upper][0]) / span))
    return strip.resize(size, Image.Resampling.BICUBIC)


def _noise(
    chance: Random, size: tuple[int, int], octaves: list[tuple[float, float]], stretch: float = 1
) -> Image.Image:
    """Grey clouds: random dots of several sizes (in pixels) with their weights, `stretch` times as wide."""
    total = Image.new("L", size, 128)
    for dot, weight in octaves:
        small = max(int(size[0] / dot / stretch), 2), max(int(size[1] / dot), 2)
        dots = Image.frombytes("L", small, chance.randbytes(small[0] * small[1]))
        layer = dots if small == size else dots.resize(size, Image.Resampling.BICUBIC)
        total = Image.blend(total, layer, weight)
    return total


def _ramp(start: int, end: int, most: int = 255) -> Callable[[int], int]:
    """A curve for `point`: 0 up to `start`, `most` from `end`."""
    return lambda level: min(max((level - start) * most // (end - start), 0), most)


def _sky(chance: Random) -> Image.Image:
    photo = Image.new("RGB", (WIDTH, HEIGHT))
    photo.paste(_gradient(_SKY, (WIDTH, _HORIZON)), (0, 0))
    small = WIDTH // 4, _HORIZON // 4
    clouds = _noise(chance, small, [(160, 1.0), (60, 0.45), (24, 0.3), (9, 0.18), (4, 0.1)], stretch=3.2)
    clouds = clouds.point(_ramp(112, 172, 215))
    fade = Image.linear_gradient("L").resize(small).point(lambda level: min(255, 60 + level))
    mask = ImageChops.multiply(clouds, fade).resize((WIDTH, _HORIZON), Image.Resampling.BICUBIC)
    lit = _gradient(
        ((0.0, (212, 216, 226)), (0.6, (250, 226, 206)), (1.0, (255, 216, 170))), (WIDTH, _HORIZON)
    )
    photo.paste(lit, (0, 0), mask)
    _glow(photo, 1900, (255, 226, 170), 210)
    _glow(photo, 420, (255, 240, 205), 255)
    draw = ImageDraw.Draw(photo)
    draw.ellipse((_SUN[0] - 62, _SUN[1] - 62, _SUN[0] + 62, _SUN[1] + 62), (255, 252, 236))
    return photo


def _glow(photo: Image.Image, radius: int, colour: Colour, strength: int) -> None:
    spot = Image.radial_gradient("L").point(lambda level: max(181 - level, 0) ** 2 * strength // 32_761)
    spot = spot.resize((2 * radius, 2 * radius), Image.Resampling.BICUBIC)
    photo.paste(colour, (_SUN[0] - radius, _SUN[1] - radius), spot)


def _ridge(chance: Random, height: int, rough: float, step: int) -> list[tuple[int, int]]:
    """A skyline: waves of many lengths."""
    waves = [
        (chance.uniform(0, math.tau), 2**octave * chance.uniform(0.8, 1.3), height * rough**octave)
        for octave in range(8)
    ]
    return [
        (x, round(sum(math.sin(phase + x / WIDTH * 3 * pace) * tall for phase, pace, tall in waves)))
        for x in range(0, WIDTH + step, step)
    ]


def _hills(photo: Image.Image, chance: Random) -> None:
    far, near = (172, 166, 186), (34, 50, 36)
    for layer in range(5):
        share = (layer / 4) ** 1.2
        colour = _blend(far, near, share)
        base = _HORIZON - 330 + layer * 84
        ridge = [(x, base + y) for x, y in _ridge(chance, 120 - 12 * layer, 0.47 + 0.02 * layer, 6)]
        mask = Image.new("L", (WIDTH, _HORIZON + 40))
        draw = ImageDraw.Draw(mask)
        draw.polygon([*ridge, (WIDTH, _HORIZON + 40), (0, _HORIZON + 40)], 255)
        if layer >= 2:
            _conifers(draw, chance, ridge, 10 + 15 * (layer - 2))
        body = _gradient(
            ((0.0, colour), (0.6, colour), (1.0, _blend(colour, (224, 196, 160), 0.32 - 0.26 * share))),
            mask.size,
        )
        wood = _noise(chance, mask.size, [(90, 1.0), (22, 0.5), (7, 0.45)]).point(
            lambda level: 96 + level // 4
        )
        body = ImageChops.add(body, Image.merge("RGB", (wood, wood, wood)), 1, -128)
        photo.paste(body, (0, 0), mask)


def _conifers(draw: ImageDraw.ImageDraw, chance: Random, ridge: list[tuple[int, int]], tall: int) -> None:
    for x, y in ridge[:: max(tall // 12, 1)]:
        height = tall * chance.uniform(0.5, 1.5)
        wide = height * 0.22
        for tier in range(3):
            top = y - height * (1 - 0.28 * tier)
            reach = wide * (0.55 + 0.25 * tier)
            draw.polygon([(x, top), (x - reach, top + height * 0.45), (x + reach, top + height * 0.45)], 255)


def _lake(photo: Image.Image, chance: Random) -> None:
    height = _SHORE + 80 - _HORIZON
    mirrored = photo.crop((0, _HORIZON - height, WIDTH, _HORIZON)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirrored = mirrored.resize((WIDTH // 6, height // 2), Image.Resampling.BOX)
    mirrored = mirrored.filter(ImageFilter.BoxBlur((1, 4))).resize((WIDTH, height), Image.Resampling.BICUBIC)
    water = Image.blend(mirrored, Image.new("RGB", mirrored.size, (34, 58, 84)), 0.3)
    ripples = _noise(chance, water.size, [(46, 1.0), (14, 0.5), (5, 0.4)], stretch=9)
    depth = Image.linear_gradient("L").resize(water.size)
    for colour, curve in (((255, 226, 178), _ramp(150, 196, 150)), ((14, 26, 44), _ramp(112, 62, 150))):
        water.paste(
            colour,
            (0, 0),
            ImageChops.multiply(ripples.point(curve), depth.point(lambda d: 90 + d * 165 // 255)),
        )
    glitter = Image.new("L", water.size)
    draw = ImageDraw.Draw(glitter)
    for _ in range(2600):
        down = chance.random() ** 1.3
        x = _SUN[0] + chance.gauss(0, 60 + 190 * down)
        y, half = down * height, 4 + 34 * down * chance.random()
        draw.ellipse((x - half, y - 1 - 2 * down, x + half, y + 1 + 2 * down), chance.randrange(90, 255))
    water.paste((255, 244, 214), (0, 0), glitter)
    photo.paste(water, (0, _HORIZON))


def _meadow(photo: Image.Image, chance: Random) -> None:
    top = _SHORE - 90
    size = WIDTH, HEIGHT - top
    shore = [(x, 90 + y) for x, y in _ridge(chance, 34, 0.55, 8)]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([*shore, (WIDTH, size[1]), (0, size[1])], 255)
    ground = _gradient(_MEADOW, size)
    earth = _noise(chance, size, [(220, 1.0), (60, 0.5), (16, 0.4), (5, 0.3)]).point(
        lambda level: 88 + level * 80 // 255
    )
    ground = ImageChops.add(ground, Image.merge("RGB", (earth, earth, earth)), 1, -128)
    photo.paste(ground, (0, top), mask)


def _grass(photo: Image.Image, chance: Random, blades: range) -> None:
    """Blades from the shore towards us, each in front of the one before, and flowers among them."""
    draw = ImageDraw.Draw(photo)
    for index in blades:
        down = (index / _BLADES) ** 0.8
        y = _SHORE + 10 + down * (HEIGHT - _SHORE + 120)
        x = chance.uniform(0, WIDTH)
        light = chance.random() ** 2
        lit = 0.35 + 0.65 * math.exp(-(((x - _SUN[0]) / 1100) ** 2))
        colour = _blend((30, 52, 20), (206, 196, 92), light * lit * (1 - 0.45 * down))
        tall = (26 + 150 * down) * chance.uniform(0.5, 1.2)
        lean = chance.gauss(0.12, 0.25) * tall
        bent = [(x, y), (x + lean * 0.3, y - tall * 0.55), (x + lean, y - tall)]
        draw.line(bent, colour, 1 + round(4 * down))
        if index % 85 == 0:
            petal = chance.choice([(244, 240, 226), (232, 116, 62), (240, 202, 66), (190, 92, 150)])
            _flower(draw, x, y - 20 - 130 * down, 3 + 15 * down, petal)


def _flower(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour) -> None:
    for petal in range(6):
        across, down = (
            math.cos(petal * math.tau / 6) * size * 0.7,
            math.sin(petal * math.tau / 6) * size * 0.5,
        )
        reach = size * 0.5
        draw.ellipse((x + across - reach, y + down - reach, x + across + reach, y + down + reach), colour)
    draw.ellipse((x - size * 0.35, y - size * 0.3, x + size * 0.35, y + size * 0.3), (232, 176, 44))


def _tree(photo: Image.Image, chance: Random) -> None:
    draw = ImageDraw.Draw(photo)
    tips = list(_branch(draw, chance, (560, 3330), angle=-math.pi / 2 + 0.06, length=470, width=96))
    leaves = [(x + chance.gauss(0, 92), y + chance.gauss(0, 74)) for x, y in tips for _ in range(110)]
    chance.shuffle(leaves)
    for index, (x, y) in enumerate(leaves):
        sun = max(0.0, min(1.0, (x - 300) / 1000)) * chance.random() * (index / len(leaves))
        colour = _blend((22, 38, 18), (204, 182, 76), sun)
        reach = chance.uniform(4, 10)
        draw.ellipse((x - reach, y - reach * 0.6, x + reach, y + reach * 0.6), colour)


def _branch(
    draw: ImageDraw.ImageDraw,
    chance: Random,
    foot: tuple[float, float],
    *,
    angle: float,
    length: float,
    width: float,
) -> Iterator[tuple[float, float]]:
    """A branch that grows thinner, lit from the sun's side, and then its own branches; where they end."""
    end = foot[0] + math.cos(angle) * length, foot[1] + math.sin(angle) * length
    across, down = -math.sin(angle), math.cos(angle)
    for left, right, colour in (
        (-0.5, 0.5, (36, 27, 23)),
        (0.1, 0.46, (64, 47, 35)),
        (0.3, 0.44, (112, 82, 52)),
    ):
        edges = [
            (at[0] + across * wide * side, at[1] + down * wide * side)
            for at, wide, side in (
                (foot, width, left),
                (end, width * 0.66, left),
                (end, width * 0.66, right),
                (foot, width, right),
            )
        ]
        draw.polygon(edges, colour)
    if width < 9:
        yield end
        return
    reach = width * 0.32
    draw.ellipse((end[0] - reach, end[1] - reach, end[0] + reach, end[1] + reach), (36, 27, 23))
    for turn in (-0.5, 0.06, 0.56) if width < 50 else (-0.52, 0.4):
        towards, further = angle + turn + chance.gauss(0, 0.1), length * chance.uniform(0.66, 0.82)
        yield from _branch(draw, chance, end, angle=towards, length=further, width=width * 0.62)
