"""The `printapic` command: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

import pytest

from printapic.application.ports.audit import AuditQuery
from printapic.domain.actors import Role
from printapic.entrypoints.embedded import open_container, open_shop
from printapic.entrypoints.settings import Settings
from tests.integration.cli.terminal import Answer, Command
from tests.migrated import IN_A_DATA_FOLDER
from tests.pictures import encoded, scene

PASSWORD = "a long enough passphrase"
OPENAPI = Path(__file__).parents[3] / "openapi.json"


def test_help_names_every_command_and_loads_no_framework() -> None:
    code = (
        "import sys; sys.argv = ['printapic', '--help']\n"
        "from printapic.entrypoints.cli.main import main\n"
        "try: main()\n"
        "finally: print(sorted({'litestar', 'sqlalchemy', 'PIL', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("demo", "serve", "worker", "migrate", "doctor", "catalogue", "users", "orders", "jobs"):
        assert f"\n  {name} " in done.stdout
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("arguments", [("nonsense",), ("users", "grant"), ("serve", "--port", "x")])
def test_a_wrong_call_is_exit_code_2(printapic: Command, arguments: tuple[str, ...]) -> None:
    answer = printapic(*arguments)
    assert (answer.exit_code, answer.out) == (2, "")
    assert "Usage:" in answer.err


def test_migrating_twice_is_one_migration(printapic: Command, data: Path) -> None:
    (data / IN_A_DATA_FOLDER).unlink()
    assert printapic("migrate").out.startswith("migrated: ")
    assert printapic("migrate") == Answer(0, "nothing to migrate\n", "")
    assert (data / IN_A_DATA_FOLDER).exists()


def test_an_admin_is_created_from_standard_input_and_shown_in_the_list(printapic: Command) -> None:
    created = printapic(
        "users", "create-admin", "--email", "boss@example.com", "--password-stdin", stdin=f"{PASSWORD}\n"
    )
    (user,) = json.loads(printapic("users", "list", "--json").out)
    assert user["id"] == created.out.strip()
    assert (user["email"], user["roles"]) == ("boss@example.com", "admin, customer")
    with open_shop(Settings.from_environment(), background=False) as shop:
        shop.log_in(email="boss@example.com", password=PASSWORD)


@pytest.mark.parametrize(("stdin", "code"), [("", "password-missing"), ("short\n", "password-too-short")])
def test_a_bad_password_is_one_line_on_stderr(printapic: Command, stdin: str, code: str) -> None:
    answer = printapic(
        "users", "create-admin", "--email", "boss@example.com", "--password-stdin", stdin=stdin
    )
    assert (answer.exit_code, answer.out) == (1, "")
    assert answer.err.count("\n") == 1
    assert answer.err.endswith(f"[{code}]\n")


def test_a_role_is_given_to_who_exists(printapic: Command) -> None:
    printapic("users", "create-admin", "--email", "o@example.com", "--password-stdin", stdin=PASSWORD)
    assert printapic("users", "grant", "--email", "o@example.com", "--role", "operator").out == (
        "admin, customer, operator\n"
    )
    unknown = printapic("users", "grant", "--email", "nobody@example.com", "--role", "operator")
    assert (unknown.exit_code, unknown.err) == (1, "printapic: There is no such user. [user-not-found]\n")
    system = printapic("users", "grant", "--email", "o@example.com", "--role", Role.SYSTEM.value)
    assert system.exit_code == 2


def test_the_starter_price_list_is_there_and_another_can_be_loaded(
    printapic: Command, tmp_path: Path
) -> None:
    products = json.loads(printapic("catalogue", "list", "--json").out)
    assert "print-10x15-glossy" in {product["sku"] for product in products}
    assert printapic("catalogue", "load").out.startswith("unchanged: ")
    broken = tmp_path / "broken.toml"
    broken.write_text("products = 3")
    answer = printapic("catalogue", "load", str(broken))
    assert (answer.exit_code, answer.err.count("\n")) == (1, 1)
    assert "[price-list-invalid]" in answer.err
    broken.write_bytes(b"\xff\xfe")
    assert "[file-unreadable]" in printapic("catalogue", "load", str(broken)).err


def test_empty_lists_are_lists(printapic: Command) -> None:
    assert json.loads(printapic("orders", "list", "--json").out) == []
    assert json.loads(printapic("jobs", "list", "--json").out) == []
    assert printapic("orders", "list").out == "none\n"


def test_an_unknown_order_and_an_unknown_job_are_refused(printapic: Command) -> None:
    order = printapic("orders", "show", "00000000-0000-7000-8000-000000000000")
    assert (order.exit_code, order.err) == (1, "printapic: There is no such order. [order-not-found]\n")
    job = printapic("jobs", "replay", "12345")
    assert (job.exit_code, job.err) == (1, "printapic: There is no such dead job. [job-not-found]\n")
    with open_shop(Settings.from_environment(), background=False) as shop:
        [entry] = shop.read_audit_log(query=AuditQuery(action="job.replay-requested"))
    assert (entry.entry.actor_id, entry.entry.details) == (None, {"job": "12345"})


def test_jobs_left_behind_are_listed_and_worked_off(printapic: Command, data: Path) -> None:
    with open_shop(Settings.from_environment(), background=False) as shop:
        shop.register(email="ada@example.com", password=PASSWORD)
    (job,) = json.loads(printapic("jobs", "list", "--state", "waiting", "--json").out)
    assert (job["name"], job["attempts"]) == ("SendRegistrationMail", 0)
    assert printapic("worker", "--until-idle").out == "1 jobs run\n"
    assert len(list((data / "mail").glob("*.eml"))) == 1
    assert json.loads(printapic("jobs", "list", "--state", "waiting", "--json").out) == []


def test_the_doctor_names_what_is_missing(printapic: Command) -> None:
    before = printapic("doctor", "--json")
    assert before.exit_code == 1
    assert "NO" in {check["ok"] for check in json.loads(before.out)}
    printapic("catalogue", "list")
    after = printapic("doctor", "--json")
    assert (after.exit_code, {check["ok"] for check in json.loads(after.out)}) == (0, {"yes"})
    assert {"what": "payments by simulated, test mode", "ok": "yes"} in json.loads(after.out)


def test_the_doctor_names_who_takes_the_money(printapic: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    printapic("catalogue", "list")
    for name, value in {
        "PAYMENTS": "paypal,stripe",
        "STRIPE_SECRET_KEY": "rk_test_hush",
        "PAYPAL_CLIENT_ID": "shop",
        "PAYPAL_CLIENT_SECRET": "hush",
        "PAYPAL_WEBHOOK_IDS": "4JH86294D6297924G",
    }.items():
        monkeypatch.setenv(f"PRINTAPIC_{name}", value)
    answer = printapic("doctor", "--json")
    assert answer.exit_code == 0
    assert [check["what"] for check in json.loads(answer.out) if "payments" in check["what"]] == [
        "payments by paypal, test mode",
        "payments by stripe, test mode, without webhooks",
    ]
    assert "hush" not in answer.out + answer.err


def test_a_photo_can_be_looked_at_without_an_upload(printapic: Command, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(scene(300, 200)))
    (facts,) = json.loads(printapic("images", "inspect", str(photo), "--json").out)
    assert (facts["format"], facts["width_px"], facts["height_px"]) == ("jpeg", 300, 200)
    photo.write_bytes(b"not a photo")
    assert "[image-format-unsupported]" in printapic("images", "inspect", str(photo)).err


def test_the_openapi_document_is_the_one_in_the_repository(printapic: Command) -> None:
    assert printapic("openapi").out == OPENAPI.read_text("utf-8")


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("PRINTAPIC_DATABASE_URL", "mysql://x", "PRINTAPIC_DATABASE_URL"),
        ("PRINTAPIC_MODE", "production", "PRINTAPIC_PAYMENTS"),
        ("PRINTAPIC_PUBLIC_URL", "ftp://x", "PRINTAPIC_PUBLIC_URL"),
    ],
)
def test_wrong_settings_are_named_in_one_line(
    printapic: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, named: str
) -> None:
    monkeypatch.setenv(variable, value)
    answer = printapic("orders", "list")
    assert (answer.exit_code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert named in answer.err


def test_serving_on_a_taken_port_is_refused_before_anything_is_made(printapic: Command, data: Path) -> None:
    rmtree(data)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = printapic("serve", "--port", str(taken.getsockname()[1]))
    assert answer.exit_code == 1
    assert "[port-taken]" in answer.err
    assert not data.exists()


def test_a_database_that_does_not_answer_is_one_line_too(
    printapic: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRINTAPIC_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    answer = printapic("orders", "list")
    assert (answer.exit_code, answer.err.count("\n")) == (1, 1)
    assert "[storage-unavailable]" in answer.err
    assert "secret" not in answer.err


def test_a_container_of_another_process_sees_what_the_command_did(printapic: Command) -> None:
    printapic("users", "create-admin", "--email", "boss@example.com", "--password-stdin", stdin=PASSWORD)
    with open_container(Settings.from_environment()) as container:
        assert [user.email.address for user in container.shop().list_users()] == ["boss@example.com"]
