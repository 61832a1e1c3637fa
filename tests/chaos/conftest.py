"""Long proofs: they kill and cut things on purpose, hundreds of times."""

from __future__ import annotations

from tests.integration.journeys.conftest import variables

__all__ = ["variables"]
