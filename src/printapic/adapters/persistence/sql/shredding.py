"""Shredding in SQL: SQLite leaves deleted bytes in its file and in its log, and copies beside it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import attrs
from sqlalchemy import Engine

from printapic.adapters.persistence.sql.transaction import shop_errors
from printapic.adapters.persistence.sql.turns import turn_to_write
from printapic.application.ports.shredding import Shredder
from printapic.application.ports.unit_of_work import StorageUnavailable


@attrs.frozen(eq=False)
class SqlShredder(Shredder):
    """Writes an SQLite file anew, and empties its log; that takes as long as copying the file.

    `secure_delete` alone would leave what SQLite moved from page to page before it was deleted. On
    PostgreSQL nothing is done: its files are its own, autovacuum and the recycling of its log overwrite
    what is dead, and no dump ever shows it.
    """

    engine: Engine

    def shred(self) -> None:
        """Raises `StorageUnavailable`, also where somebody reads for too long."""
        if self._file is None:
            return
        with (
            turn_to_write(self.engine),
            shop_errors(),
            closing(self.engine.raw_connection()) as connection,
            closing(connection.cursor()) as cursor,
        ):
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = cursor.fetchone() or (True, 0, 0)
        if busy:
            raise StorageUnavailable

    def drop_copies(self, *, older_than: datetime) -> int:
        """Those that migrations put aside, finished or not."""
        if self._file is None:
            return 0
        beside = self._file.parent
        copies = [*beside.glob(f"{self._file.name}.before-*"), *beside.glob(f"{self._file.name}.copying")]
        old = [copy for copy in copies if datetime.fromtimestamp(copy.stat().st_mtime, UTC) < older_than]
        for copy in old:
            copy.unlink(missing_ok=True)
        return len(old)

    @property
    def _file(self) -> Path | None:
        database = self.engine.url.database
        return Path(database) if self.engine.dialect.name == "sqlite" and database else None
