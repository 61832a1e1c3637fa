"""What people write on the shop's own machine is kept as over HTTP: without card numbers."""

from __future__ import annotations

import pytest

from tests.integration.cli.terminal import Command

ID = "019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50"


@pytest.mark.parametrize(
    "command",
    [
        ("invoices", "open", "--order", "PA-7K3M-92QX"),
        ("payments", "refund", ID),
        ("payments", "close-finding", ID),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("number", ["4000002500003155", "4000 0025 0000 3155"])
def test_a_reason_with_a_card_number_is_refused_and_not_repeated(
    printapic: Command, command: tuple[str, ...], number: str
) -> None:
    answer = printapic(*command, "--reason", f"To card {number}")
    assert answer.exit_code == 2
    assert "card numbers are never kept here" in answer.err
    assert number not in answer.out + answer.err
