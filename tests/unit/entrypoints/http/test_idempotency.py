"""When to ask again for a request that somebody else has in hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.entrypoints.http.idempotency import LEASE, IdempotencyInFlight


@pytest.mark.parametrize(
    ("left_s", "retry_after_s"),
    [(30, 1), (20.001, 1), (20, 21), (19.5, 20), (0.2, 1), (0, 1)],
)
def test_who_is_at_it_is_soon_done_or_dead_until_its_lease_ends(left_s: float, retry_after_s: int) -> None:
    assert IdempotencyInFlight(timedelta(seconds=left_s)).retry_after_s == retry_after_s


def test_nobody_is_told_to_wait_longer_than_a_lease() -> None:
    waits = (IdempotencyInFlight(LEASE * share / 100).retry_after_s for share in range(101))
    assert max(waits) <= LEASE.total_seconds()
