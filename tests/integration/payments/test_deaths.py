"""`kill -9` at the steps of a checkout, a capture, a refund and the news about them (I3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from printapic.domain.payments.attempt import Provider
from tests.integration.payments.deaths import Street, die_at_random, die_at_steps, street
from tests.integration.payments.stories import Story
from tests.integration.stores import copy_of_file, empty_database
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty migrated database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{copy_of_file(request.getfixturevalue('sqlite_template'), tmp_path)}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.url(request.getfixturevalue("postgres_database"))
    yield url
    empty_database(url)


@pytest.fixture(params=[Provider.STRIPE, Provider.PAYPAL], ids=str)
def mortal_street(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Iterator[Street]:
    with street(tmp_path, request.param, database) as mine:
        yield mine


def test_i3_a_shop_that_dies_at_some_steps_of_a_refunded_order_loses_and_doubles_nothing(
    mortal_street: Street,
) -> None:
    """The short version of tests/chaos/test_many_payment_deaths.py."""
    assert die_at_steps(mortal_street, Story.REFUND, first=3, every=11) >= 4


def test_i3_a_shop_that_dies_at_some_moments_loses_and_doubles_nothing(mortal_street: Street) -> None:
    """The short version of tests/chaos/test_many_payment_deaths.py."""
    assert die_at_random(mortal_street, 3, longest_life_s=0.5, seed=3) >= 1
