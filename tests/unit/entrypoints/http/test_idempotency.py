"""How long a request is held that nobody answers, and when to ask again for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from litestar import post

from printapic.entrypoints.http.idempotency import ask_again_after_s, lease_of
from printapic.entrypoints.http.loads import PROVIDER_S, Load, taking


@pytest.mark.parametrize(
    ("left_s", "retry_after_s"),
    [(30, 1), (7.001, 1), (7, 8), (6.5, 7), (0.2, 1), (0, 1)],
)
def test_who_is_at_it_is_soon_done_or_dead_until_its_lease_ends(left_s: float, retry_after_s: int) -> None:
    assert ask_again_after_s(timedelta(seconds=left_s)) == retry_after_s


@pytest.mark.parametrize(
    ("opt", "within_s"),
    [
        ({}, 3),
        (taking(Load.CRITICAL), 3),
        (taking(Load.CRITICAL, within_s=PROVIDER_S), 10),
        (taking(Load.UPLOAD), 30),
    ],
)
def test_a_lease_is_longer_than_its_route_may_take(opt: dict[str, Any], within_s: int) -> None:
    @post("/", opt=opt)
    async def handler() -> None: ...

    assert timedelta(seconds=within_s + 3) < lease_of(handler) < timedelta(seconds=within_s + 10)
