"""The short version of tests/chaos/test_many_kills.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.journeys.kills import walk_through_kills


@pytest.fixture
def variables() -> dict[str, str]:
    """SQLite; both databases are tried by the long version."""
    return {}


def test_a_journey_through_kills_is_finished_with_no_step_lost_or_doubled(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    assert walk_through_kills(tmp_path, variables, kills=2) >= 1
