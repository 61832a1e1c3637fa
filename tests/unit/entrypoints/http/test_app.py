"""Making the application: anywhere, also where a loop already runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from litestar import Litestar
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor

from printapic.entrypoints.container import Container
from printapic.entrypoints.http.admission import THREADS
from printapic.entrypoints.http.app import SPARE_THREADS, create_app
from printapic.entrypoints.settings import Secret, Settings, StripePayments


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


@pytest.mark.parametrize("beside", [True, False])
def test_the_simulated_page_is_there_where_the_simulated_provider_is(tmp_path: Path, beside: bool) -> None:
    settings = Settings.memory(tmp_path)
    stripe = StripePayments(secret_key=Secret("sk_test_hush"), api_url="http://127.0.0.1:1")
    chosen = (stripe, *settings.payments) if beside else (stripe,)
    app = create_app(Container(settings=attrs.evolve(settings, payments=chosen)))
    assert any("simulated" in route.path for route in app.routes) is beside


def test_a_second_application_shares_the_threads_of_the_first(tmp_path: Path, no_thread_pool: None) -> None:
    create_app(Container(settings=Settings.memory(tmp_path)))
    pool = get_asyncio_executor()
    create_app(Container(settings=Settings.memory(tmp_path)))
    assert get_asyncio_executor() is pool
