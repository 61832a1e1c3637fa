"""`printapic audit`: list, keep, and prove."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.entrypoints.cli.audit import audit
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop in whose log something happened already."""
    monkeypatch.setenv("PRINTAPIC_DATA", str(tmp_path / "shop"))
    with open_container(Settings.from_environment()) as container:
        for action in (AuditAction.LOGGED_IN, AuditAction.LOGGED_OUT, AuditAction.KEYS_ROTATED):
            with container.unit_of_work()() as work:
                work.audit.append(AuditEvent(at=container.clock().now(), action=action))
                work.commit()
    return tmp_path / "shop"


@pytest.fixture
def run(data: Path) -> Run:
    return lambda *arguments: CliRunner().invoke(audit, arguments)


def tamper(data: Path, statement: str) -> None:
    with sqlite3.connect(data / "printapic.sqlite") as database:
        for action in ("update", "delete"):
            database.execute(f"DROP TRIGGER IF EXISTS audit_log_no_{action}")
        database.execute(statement)
    database.close()


def test_entries_are_listed_newest_first(run: Run) -> None:
    listed = json.loads(run("list", "--json").output)
    assert [entry["action"] for entry in listed] == ["keys.rotated", "session.ended", "session.started"]
    assert [entry["action"] for entry in json.loads(run("list", "--json", "--stream", "admin").output)] == [
        "keys.rotated"
    ]
    for_people = run("list", "--action", "session.ended").output
    assert "auth 2" in for_people
    assert "auth 1" not in for_people


def test_an_untouched_log_is_intact(run: Run, data: Path) -> None:
    assert run("checkpoint").exit_code == 0
    assert len((data / "audit-checkpoints.jsonl").read_text().splitlines()) == 1
    answer = run("verify")
    assert (answer.exit_code, answer.output) == (0, "intact: 3 entries, 1 checkpoints\n")
    assert json.loads(run("verify", "--json").output) == {
        "intact": True,
        "entries": 3,
        "checkpoints": 1,
        "findings": [],
    }


def test_a_row_that_was_changed_is_named_and_the_exit_code_says_so(run: Run, data: Path) -> None:
    tamper(data, "UPDATE audit_log SET action = 'session.started' WHERE stream = 'auth' AND sequence = 2")
    answer = run("verify", "--json")
    assert answer.exit_code == 1
    [finding] = json.loads(answer.output)["findings"]
    assert finding == {"stream": "auth", "sequence": 2, "what": "edited", "trusted_until": 0}
    assert run("verify").exit_code == 1
    assert "edited" in run("verify").output


def test_a_log_that_was_cut_off_differs_from_its_checkpoint(run: Run, data: Path) -> None:
    made = json.loads(run("checkpoint", "--json").output)
    assert [(head["stream"], head["sequence"]) for head in made] == [("admin", 1), ("auth", 2)]
    tamper(data, "DELETE FROM audit_log WHERE stream = 'auth' AND sequence = 2")
    [finding] = json.loads(run("verify", "--json").output)["findings"]
    assert (finding["stream"], finding["sequence"], finding["what"]) == ("auth", 2, "truncated")
