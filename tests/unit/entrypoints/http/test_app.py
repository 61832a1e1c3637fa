"""Making the application: anywhere, also where a loop already runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor

from printapic.entrypoints.container import Container
from printapic.entrypoints.http.admission import THREADS
from printapic.entrypoints.http.app import SPARE_THREADS, create_app
from printapic.entrypoints.settings import Settings


@pytest.fixture
def no_thread_pool() -> Iterator[None]:
    before = get_asyncio_executor()
    set_asyncio_executor(None)
    yield
    set_asyncio_executor(before)


def test_a_server_may_make_the_application_inside_its_loop(tmp_path: Path, no_thread_pool: None) -> None:
    async def factory() -> Litestar:
        return create_app(Container(settings=Settings.memory(tmp_path)))

    assert asyncio.run(factory()).routes
    pool = get_asyncio_executor()
    assert pool is not None
    assert pool._max_workers == THREADS + SPARE_THREADS


def test_a_second_application_shares_the_threads_of_the_first(tmp_path: Path, no_thread_pool: None) -> None:
    create_app(Container(settings=Settings.memory(tmp_path)))
    pool = get_asyncio_executor()
    create_app(Container(settings=Settings.memory(tmp_path)))
    assert get_asyncio_executor() is pool
