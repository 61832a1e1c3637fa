"""What is written down about money stays as it is, whoever asks the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import builders as b
from tests.integration.payments.floor import PAID, Backend, Floor


@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
@pytest.mark.parametrize("table", ["payment_transactions", "ledger_postings", "treasury_entries"])
def test_l2_what_is_written_down_cannot_be_changed_or_deleted(
    floor: Floor, store: Backend, table: str
) -> None:
    order = floor.paid()
    with floor.units() as work:
        work.treasury.add(b.a_treasury_entry())
        work.commit()
    engine = store.engine
    assert engine is not None
    statements = [f"UPDATE {table} SET amount_minor = 1", f"DELETE FROM {table}"]
    if engine.dialect.name == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    assert floor.status(order) == PAID
