"""Downloads: files sent in blocks, so that a large one never lies in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import BinaryIO
from urllib.parse import quote

from litestar.concurrency import sync_to_thread

BLOCK = 256 * 1024


async def blocks(file: BinaryIO, opened: ExitStack) -> AsyncIterator[bytes]:
    """The rest of `file`, read in threads; `opened` is closed at the end, or when the client goes away."""
    try:
        while block := await sync_to_thread(file.read, BLOCK):
            yield block
    finally:
        opened.close()


def attachment(name: str) -> str:
    """A Content-Disposition that saves instead of showing (RFC 6266), with any name in UTF-8."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
