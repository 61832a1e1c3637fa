"""Column types: what goes in comes out, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Uuid, insert, select
from sqlalchemy.exc import StatementError

from printapic.adapters.persistence.sql.columns import JsonDocument, MoneyAmount, UtcDateTime

samples = Table(
    "samples",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("amount", MoneyAmount),
    Column("moment", UtcDateTime),
    Column("document", JsonDocument),
    Column("uuid", Uuid),
)
few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def table(empty: Engine) -> Iterator[Engine]:
    """A table with a column of each type."""
    samples.create(empty)
    yield empty
    samples.drop(empty)


def stored(engine: Engine, **values: Any) -> Any:
    """The value as it comes back."""
    [name] = values
    with engine.connect() as connection:
        connection.execute(insert(samples).values(id=1, **values))
        return connection.execute(select(samples.c[name])).scalar_one()


@few
@given(cents=st.integers(-(10**10) + 1, 10**10 - 1))
def test_amounts_are_exact_to_the_cent(table: Engine, cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    assert str(stored(table, amount=amount)) == str(amount)


@pytest.mark.parametrize("amount", ["0.001", "100000000.00", "-100000000.00"])
def test_an_amount_that_does_not_fit_is_refused_not_rounded(table: Engine, amount: str) -> None:
    with pytest.raises(StatementError, match="does not fit"):
        stored(table, amount=Decimal(amount))


@few
@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_moments_keep_their_microseconds_and_their_zone(table: Engine, moment: datetime) -> None:
    found = stored(table, moment=moment)
    assert found == moment
    assert found.tzinfo is UTC


def test_a_moment_in_another_zone_is_the_same_moment(table: Engine) -> None:
    cologne = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert stored(table, moment=cologne) == datetime(2026, 6, 30, 23, 30, tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused(table: Engine) -> None:
    with pytest.raises(StatementError, match="has a zone"):
        stored(table, moment=datetime(2026, 1, 1))  # noqa: DTZ001


@few
@given(moments=st.lists(st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)), min_size=2, unique=True))  # noqa: DTZ001
def test_moments_and_ids_sort_in_the_database_as_they_do_here(table: Engine, moments: list[datetime]) -> None:
    with table.connect() as connection:
        rows = [{"id": number, "moment": moment} for number, moment in enumerate(moments)]
        connection.execute(insert(samples), rows)
        found = connection.execute(select(samples.c.moment).order_by(samples.c.moment)).scalars().all()
    assert found == sorted(moments)


@few
@given(uuids=st.lists(st.uuids(), min_size=2, unique=True))
def test_ids_sort_in_the_database_as_they_do_here(table: Engine, uuids: list[Any]) -> None:
    with table.connect() as connection:
        connection.execute(insert(samples), [{"id": n, "uuid": each} for n, each in enumerate(uuids)])
        assert connection.execute(select(samples.c.uuid).order_by(samples.c.uuid)).scalars().all() == sorted(
            uuids
        )


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=8,
)


@few
@given(document=documents)
def test_documents_come_back_as_they_were(table: Engine, document: Any) -> None:
    assert stored(table, document=document) == document
