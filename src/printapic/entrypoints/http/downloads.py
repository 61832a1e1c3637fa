"""Downloads: files sent in blocks, so that a large one never lies in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import BinaryIO
from urllib.parse import quote

BLOCK = 256 * 1024
_READERS = ThreadPoolExecutor(4, thread_name_prefix="printapic-downloads")
"""Threads of their own: whoever downloads has given back the place that a handler's thread goes with."""


async def blocks(file: BinaryIO, opened: ExitStack) -> AsyncIterator[bytes]:
    """The rest of `file`, read in threads; `opened` is closed at the end, or when the client goes away."""
    loop = asyncio.get_running_loop()
    try:
        while block := await loop.run_in_executor(_READERS, file.read, BLOCK):
            yield block
    finally:
        opened.close()


async def pieces(made: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """What a generator makes, in threads; it is closed at the end, or when the client goes away."""
    step: Future[bytes] | None = None
    try:
        while True:
            step = _READERS.submit(next, made, b"")
            piece = await asyncio.wrap_future(step)
            if not piece:
                return
            yield piece
    finally:
        if step is not None:
            # It may be at work in its thread still, and cannot be closed before it has come to a stop.
            step.add_done_callback(lambda _: made.close())


def attachment(name: str) -> str:
    """A Content-Disposition that saves instead of showing (RFC 6266), with any name in UTF-8."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
