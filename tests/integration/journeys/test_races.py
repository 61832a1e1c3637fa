"""The short version of tests/chaos/test_many_races.py."""

from __future__ import annotations

from pathlib import Path

from tests.integration.journeys.races import race


def test_what_fifty_send_to_two_processes_at_once_happens_once(tmp_path: Path, postgres_url: str) -> None:
    done = race(tmp_path, {"PRINTAPIC_DATABASE_URL": postgres_url}, processes=2, rounds=5)
    print(f"{done.rounds} rounds, {done.waits} answers said in flight")
    assert done.waits > 0, "nobody met anybody: this proved nothing"
