"""Small files that would become enormous are refused by their header, in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
MOST_GROWTH_KB = 40_000

SCRIPT = """
import io, resource, sys
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.application.ports.images import PRESETS
from printapic.domain.errors import Invalid
from tests import pictures

processor = PillowImageProcessor(workers=1)
processor.inspect(io.BytesIO(pictures.encoded(pictures.marker(60, 40))), PRESETS)
jpeg = pictures.encoded(pictures.marker())
webp = pictures.encoded(pictures.marker(60, 40), "WEBP", xmp=b"<x/>")
at = webp.index(b"VP8X") + 12
huge = webp[:at] + b"\\xfe\\x3f\\0\\xfe\\x3f\\0" + webp[at + 6:]
bombs = [
    pictures.bare_png(20_000, 20_000, depth=1, colours=0),
    pictures.bare_png(2**31 - 1, 2**31 - 1, pixels=b"x"),
    pictures.declaring(jpeg, 65_000, 65_000),
    pictures.scan_bomb(2000),
    huge,
]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in bombs:
    for work in (lambda: processor.inspect(io.BytesIO(bomb), PRESETS),
                 lambda: processor.rendition(io.BytesIO(bomb), PRESETS["web"])):
        try:
            work()
        except Invalid:
            continue
        sys.exit(f"bomb {bombs.index(bomb)} was not refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_are_refused_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_GROWTH_KB
