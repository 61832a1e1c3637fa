"""`kill -9` at the steps of a checkout, a capture, a refund and the news about them (I3)."""

from __future__ import annotations

from tests.integration.payments.deaths import Street, die_at_random, die_at_steps
from tests.integration.payments.stories import Story
from tests.integration.payments.streets import streets

mortal_street = streets(("stripe", "sqlite"), ("paypal", "postgres"))


def test_i3_a_shop_that_dies_at_some_steps_of_a_refunded_order_loses_and_doubles_nothing(
    mortal_street: Street,
) -> None:
    """The short version of tests/chaos/test_many_payment_deaths.py."""
    assert die_at_steps(mortal_street, Story.REFUND, first=9, every=58) >= 2


def test_i3_a_shop_that_dies_at_some_moments_loses_and_doubles_nothing(mortal_street: Street) -> None:
    """The short version of tests/chaos/test_many_payment_deaths.py."""
    assert die_at_random(mortal_street, 1, longest_life_s=0.5, seed=3) >= 1
