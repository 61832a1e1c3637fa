"""The README's promises, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from printapic.domain.payments.review import Review
from printapic.entrypoints.settings.variables import KNOWN
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


def test_the_table_of_settings_has_every_variable_and_no_other() -> None:
    rows = re.findall(r"^\| `PRINTAPIC_.*$", README.read_text("utf-8"), re.MULTILINE)
    named = [name for row in rows for name in variables_of(row)]
    assert sorted(named) == sorted(KNOWN)


def test_the_table_of_reviews_says_of_each_what_to_do() -> None:
    text = README.read_text("utf-8")
    table = re.search(r"^  \| why \| what happened.*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    named = [
        name for row in table[0].splitlines() if row for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted(Review)


def variables_of(row: str) -> list[str]:
    """Without the prefix. `_PORT` behind `PRINTAPIC_SMTP_HOST` is short for `PRINTAPIC_SMTP_PORT`."""
    found, before = [], list[str]()
    for whole, short in re.findall(r"`(?:PRINTAPIC_([A-Z0-9_]+)|_([A-Z0-9_]+))`", row):
        if whole:
            before = whole.split("_")
        meant = ["_".join((*before[:count], short)) for count in range(len(before), -1, -1)]
        found.append(whole or next((name for name in meant if name in KNOWN), short))
    return found
