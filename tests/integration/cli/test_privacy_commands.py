"""`printapic users erase` and `printapic invoices open`."""

from __future__ import annotations

import json

from printapic.domain.audit.event import AuditAction
from tests.integration.cli.terminal import Command

PASSWORD = "a long enough passphrase"


def test_an_account_is_erased_after_a_question(printapic: Command) -> None:
    for email in ("boss@example.com", "leaver@example.com"):
        printapic("users", "create-admin", "--email", email, "--password-stdin", stdin=PASSWORD)
    hesitating = printapic("users", "erase", "--email", "leaver@example.com", stdin="n\n")
    assert hesitating.exit_code == 130
    listed = json.loads(printapic("users", "list", "--json").out)
    assert [user["disabled_at"] for user in listed] == [None, None]
    assert printapic("users", "erase", "--email", "leaver@example.com", "--yes").out == "closed\n"
    listed = {
        user["email"]: user["disabled_at"] for user in json.loads(printapic("users", "list", "--json").out)
    }
    assert (listed["boss@example.com"], listed["leaver@example.com"] is None) == (None, False)
    entries = json.loads(printapic("audit", "list", "--json").out)
    assert AuditAction.ERASURE_REQUESTED in [entry["action"] for entry in entries]


def test_an_account_may_be_named_by_its_id(printapic: Command) -> None:
    for email in ("boss@example.com", "leaver@example.com"):
        printapic("users", "create-admin", "--email", email, "--password-stdin", stdin=PASSWORD)
    leaver = json.loads(printapic("users", "list", "--json").out)[1]["id"]
    assert printapic("users", "erase", "--id", leaver, "--yes").out == "closed\n"
    for arguments in ((), ("--id", leaver, "--email", "leaver@example.com")):
        assert printapic("users", "erase", *arguments, "--yes").exit_code == 2


def test_the_last_administrator_is_not_erased(printapic: Command) -> None:
    printapic("users", "create-admin", "--email", "boss@example.com", "--password-stdin", stdin=PASSWORD)
    answer = printapic("users", "erase", "--email", "boss@example.com", "--yes")
    assert (answer.exit_code, answer.out) == (1, "")
    assert answer.err.endswith("[last-administrator]\n")


def test_an_invoice_that_is_not_kept_cannot_be_opened(printapic: Command) -> None:
    answer = printapic("invoices", "open", "--order", "PAP-1", "--reason", "audit")
    assert answer.err == "printapic: No invoice of this number is kept. [invoice-not-found]\n"
    assert printapic("invoices", "open", "--order", "PAP-1", "--reason", " ").err.endswith(
        "[reason-missing]\n"
    )
    assert printapic("invoices", "open", "--order", "PAP-1").exit_code == 2
