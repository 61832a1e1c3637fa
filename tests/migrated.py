"""Databases that the migrations made once: a copy takes milliseconds, migrating a fifth of a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.migrate import migrate

IN_A_DATA_FOLDER = "printapic.sqlite"


@cache
def sqlite_bytes() -> bytes:
    """A migrated SQLite file with nothing in it."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "template.sqlite"
        engine = sql_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()


def sqlite_copy(file: Path) -> Path:
    """Make this file a migrated one, unless it is there."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sqlite_bytes())
    return file


def data_folder(folder: Path) -> Path:
    """Make this folder that of a shop that was migrated and never opened."""
    sqlite_copy(folder / IN_A_DATA_FOLDER)
    return folder
