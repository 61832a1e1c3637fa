"""`kill -9` of the server at random moments of many journeys, on each database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.journeys.kills import walk_through_kills

KILLS = int(os.environ.get("PRINTAPIC_CHAOS_KILLS", "25"))

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


def test_journeys_through_many_kills_are_finished_with_no_step_lost_or_doubled(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    journeys = walk_through_kills(tmp_path, variables, kills=KILLS)
    print(f"{KILLS} kills in {journeys} journeys")
    assert journeys >= 1
