"""`printapic keys`, and what the doctor says of them."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.cli.terminal import Command


def states(printapic: Command) -> list[str]:
    return [key["state"] for key in json.loads(printapic("keys", "list", "--json").out)]


def test_keys_are_listed_rotated_and_revoked_by_their_names(printapic: Command) -> None:
    assert states(printapic) == ["active", "next"]
    (active,) = json.loads(printapic("keys", "rotate", "--at-once", "--json").out)
    assert active["state"] == "active"
    assert states(printapic) == ["retiring", "active", "next"]
    assert printapic("keys", "revoke", active["kid"]).exit_code == 0
    assert states(printapic) == ["retiring", "revoked", "active", "next"]
    unknown = printapic("keys", "revoke", "nobody")
    assert (unknown.exit_code, unknown.out) == (1, "")
    assert unknown.err == "printapic: The ring has no key of this name. [key-not-found]\n"


def test_rotating_twice_in_a_row_is_refused_in_one_line(printapic: Command) -> None:
    printapic("keys", "rotate", "--at-once")
    answer = printapic("keys", "rotate")
    assert (answer.exit_code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert "[next-key-too-new]" in answer.err


def test_no_command_shows_a_key(printapic: Command, data: Path) -> None:
    shown = printapic("keys", "list", "--json").out + printapic("keys", "list").out
    shown += printapic("keys", "rotate", "--at-once").out + printapic("keys", "revoke", "x").err
    stored = json.loads((data / "keys.json").read_text())["keys"]
    assert len(stored) == 3
    assert not any(entry["key"][:8] in shown for entry in stored)


def test_a_key_file_for_production_is_made_once(printapic: Command, tmp_path: Path) -> None:
    path = tmp_path / "secret" / "keys.json"
    assert printapic("keys", "create", str(path)).out == f"made: {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    again = printapic("keys", "create", str(path))
    assert (again.exit_code, path.read_bytes()) == (1, content)
    assert again.err.endswith("[key-file-exists]\n")
    assert not json.loads(content)["development"]


def test_the_doctor_says_when_it_is_time_for_another_key(printapic: Command, data: Path) -> None:
    printapic("catalogue", "list")
    assert printapic("doctor").err == ""
    path = data / "keys.json"
    document = json.loads(path.read_text())
    long_ago = (datetime.now(UTC) - timedelta(days=90)).isoformat()
    document["keys"][0]["signs_since"] = document["keys"][0]["created_at"] = long_ago
    document["keys"][1]["created_at"] = long_ago
    path.write_text(json.dumps(document))
    answer = printapic("doctor")
    assert (answer.exit_code, answer.err.count("\n")) == (0, 1), "worth a word, and no failure"
    assert "printapic keys rotate" in answer.err
    assert printapic("keys", "rotate").exit_code == 0
    assert printapic("doctor").err == ""


def test_the_doctor_names_keys_that_cannot_be_used(printapic: Command, data: Path) -> None:
    printapic("catalogue", "list")
    (data / "keys.json").chmod(0o644)
    answer = printapic("doctor", "--json")
    assert answer.exit_code == 1
    assert {"what": "keys", "ok": "NO"} in json.loads(answer.out)
