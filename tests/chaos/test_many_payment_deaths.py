"""`kill -9` at the steps of every story about money, and at hundreds of random moments (I3)."""

from __future__ import annotations

import os

import pytest

from tests.integration.payments.conftest import postgres_database, sqlite_template
from tests.integration.payments.deaths import Street, die_at_random, die_at_steps
from tests.integration.payments.stories import Story
from tests.integration.payments.streets import streets

__all__ = ["postgres_database", "sqlite_template"]

DEATHS = int(os.environ.get("PRINTAPIC_CHAOS_DEATHS", "200"))
EVERY = int(os.environ.get("PRINTAPIC_CHAOS_EVERY_STEP", "3"))
"""At every so many steps; the seed says where to begin. 1 is each of them, which takes half an hour."""
SEED = int(os.environ.get("PRINTAPIC_TEST_SEED", "1"))

mortal_street = streets(
    ("stripe", "sqlite"), ("stripe", "postgres"), ("paypal", "sqlite"), ("paypal", "postgres")
)
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1500)]


@pytest.mark.parametrize("story", list(Story), ids=str)
def test_i3_a_shop_that_dies_at_any_step_loses_and_doubles_nothing(
    mortal_street: Street, story: Story
) -> None:
    deaths = die_at_steps(mortal_street, story, first=1 + SEED % EVERY, every=EVERY)
    print(f"{deaths} deaths in stories of a {story}")
    assert deaths * EVERY > 20


def test_i3_a_shop_that_dies_at_random_moments_loses_and_doubles_nothing(mortal_street: Street) -> None:
    deaths = DEATHS // 4  # on each of four streets
    orders = die_at_random(mortal_street, deaths, longest_life_s=0.5, seed=SEED)
    print(f"{deaths} deaths in {orders} orders")
    assert orders > 1
