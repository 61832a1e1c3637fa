"""One order a round, however many send it at once and to whichever process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.journeys.races import race

ROUNDS = int(os.environ.get("PRINTAPIC_CHAOS_RACES", "200"))

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


def test_what_fifty_send_to_four_processes_at_once_happens_once(tmp_path: Path, postgres_url: str) -> None:
    done = race(tmp_path, {"PRINTAPIC_DATABASE_URL": postgres_url}, processes=4, rounds=ROUNDS)
    print(f"{done.rounds} rounds, {done.waits} answers said in flight")
    assert done.waits > 0, "nobody met anybody: this proved nothing"
