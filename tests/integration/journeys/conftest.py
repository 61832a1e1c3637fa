"""Where the journeys run."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a shop on each database."""
    if request.param == "sqlite":
        return {}
    return {"PRINTAPIC_DATABASE_URL": request.getfixturevalue("postgres_url")}
