"""The benchmarks run, look at their own answers, and leave nothing behind; their peer does the same work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from benchmarks.bare import BareShop
from printapic.domain.actors import Role
from tests.integration.http.live_shop import live_shop

ROOT = Path(__file__).parents[2]


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("http", ("read an order", "place an order", "bare handler"), marks=pytest.mark.postgres),
        ("upload", ("2.9 MB", "UploadFile", "A new photo")),
        ("startup", ("printapic --help", "at rest")),
        ("images", ("3 renditions",)),
        pytest.param("audit", ("SQLite", "PostgreSQL", "verified a second"), marks=pytest.mark.postgres),
        ("tokens", ("sign an access token", "watched file")),
        ("enumeration", ("login", "register", "control")),
        pytest.param("reconciliation", ("SQLite", "PostgreSQL", "MB at most"), marks=pytest.mark.postgres),
        pytest.param("webhooks", ("stripe's webhooks", "SQLite", "PostgreSQL"), marks=pytest.mark.postgres),
        ("login", ("reads beside logins", "caller looked up", "seen for the first time")),
    ],
)
def test_a_benchmark_runs_and_ends_cleanly(name: str, shown: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--short", name],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for each in shown:
        assert each in done.stdout
    assert not list(tmp_path.iterdir()), "temporary folders are left behind"
    assert not _processes_that_know(tmp_path), "processes are left behind"


def test_the_bare_handler_sends_the_very_statements_that_the_shop_sends(tmp_path: Path) -> None:
    """But for those that keep what was answered under a key, which are part of what the shop costs more."""
    with live_shop(tmp_path) as shop:
        customer = shop.person(Role.CUSTOMER)
        body = shop.order_request(shop.upload(customer)["id"])
        first = shop.place(customer, body).json()
        engine = shop.container.engine()
        assert engine is not None
        bare = BareShop(engine, UUID(first["id"]))
        with statements(engine) as ours:
            again = shop.place(customer, body).json()
            shop.call("GET", f"/v1/orders/{again['id']}", customer)
        with statements(engine) as bares:
            placed = bare.place("a key of twenty bytes", body["lines"])
            bare.read(placed["id"])
    assert bares == list(_without_kept_answers(ours))
    assert 8 < len(bares) < len(ours)


def test_a_copy_of_the_bare_handler_is_an_order_like_the_first(tmp_path: Path) -> None:
    with live_shop(tmp_path) as shop:
        customer = shop.person(Role.CUSTOMER)
        body = shop.order_request(shop.upload(customer)["id"])
        first = shop.place(customer, body).json()
        engine = shop.container.engine()
        assert engine is not None
        bare = BareShop(engine, UUID(first["id"]))
        placed = bare.place("a key of twenty bytes", body["lines"])
        assert bare.place("a key of twenty bytes", body["lines"])["id"] == placed["id"]
        copy = shop.call("GET", f"/v1/orders/{placed['id']}", customer).json()
    own = ("id", "number", "lines")
    assert {name: copy[name] for name in copy if name not in own} == {
        name: first[name] for name in first if name not in own
    }
    assert [line["sku"] for line in copy["lines"]] == [line["sku"] for line in first["lines"]]


def _without_kept_answers(sent: list[str]) -> Iterator[str]:
    """They are short transactions of their own: a BEGIN, and one statement or two."""
    for statement, following in zip(sent, [*sent[1:], ""], strict=True):
        begins_one = statement.startswith("BEGIN") and "idempotency_keys" in following
        if "idempotency_keys" not in statement and not begins_one:
            yield statement


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL that is sent meanwhile."""
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def _processes_that_know(folder: Path) -> list[str]:
    """Processes whose environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in environment:
            found.append(process.name)
    return found
