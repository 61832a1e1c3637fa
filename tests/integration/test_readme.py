"""The README's promises, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.pictures import encoded, scene

README = Path(__file__).parents[2] / "README.md"


def test_the_embedding_example_runs_as_it_is_printed(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "photo.jpg").write_bytes(encoded(scene(1800, 1200)))
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"PA-\w{4}-\w{4}: 20 prints for \d+\.\d\d EUR, \d+\.\d\d EUR of it tax\n", done.stdout
    )
    assert (tmp_path / "my-shop" / "printapic.sqlite").exists()
