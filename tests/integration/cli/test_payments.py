"""`printapic payments`: webhooks that nobody could look into."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxState
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings
from tests import builders as b
from tests.integration.cli.terminal import Answer, Command
from tests.shop_floor import PRICES

LONG_AGO = datetime.now(UTC) - timedelta(hours=4)


@pytest.fixture
def units(printapic: Command) -> Iterator[UnitOfWorkFactory]:
    printapic("migrate")
    with open_container(Settings.from_environment()) as container:
        yield container.unit_of_work()


def keep(units: UnitOfWorkFactory, event_id: str, **fields: object) -> None:
    entry = b.an_inbox_entry(
        **{
            "event_id": event_id,
            "provider": Provider.SIMULATED,
            "livemode": False,
            "state": InboxState.RECEIVED,
            "received_at": LONG_AGO,
            "delivery_id": None,
            **fields,
        }
    )
    with units() as work:
        assert work.inbox.receive(entry)
        work.commit()


def ids(answer: Answer) -> list[str]:
    assert answer.exit_code == 0, answer.err
    return [row["event_id"] for row in json.loads(answer.out)]


def test_dead_webhooks_are_found_among_all_the_others(units: UnitOfWorkFactory, printapic: Command) -> None:
    keep(units, "dead")
    keep(units, "settled", state=InboxState.PROCESSED)
    keep(units, "young", received_at=datetime.now(UTC))
    assert ids(printapic("payments", "events", "--json")) == ["young", "settled", "dead"]
    assert ids(printapic("payments", "events", "--dead", "--json")) == ["dead"]
    assert ids(printapic("payments", "events", "--state", "processed", "--json")) == ["settled"]
    assert ids(printapic("payments", "events", "--provider", "paypal", "--json")) == []
    assert "dead" in printapic("payments", "events").out


def test_dead_webhooks_are_replayed_as_far_as_this_environment_knows_them(
    units: UnitOfWorkFactory, printapic: Command
) -> None:
    keep(units, "mine")
    keep(units, "foreign", livemode=True)
    answer = printapic("payments", "replay", "--dead")
    assert answer == Answer(0, "due: mine\n", "left, from another environment: foreign\n")
    jobs = json.loads(printapic("jobs", "list", "--json").out)
    assert [job["name"] for job in jobs if job["state"] == "waiting"] == ["SettleWebhook"]


def test_a_webhook_is_replayed_by_its_name(units: UnitOfWorkFactory, printapic: Command) -> None:
    keep(units, "settled", state=InboxState.IGNORED)
    assert printapic("payments", "replay", "settled").out == "due: settled\n"
    assert ids(printapic("payments", "events", "--state", "received", "--json")) == ["settled"]
    unknown = printapic("payments", "replay", "settled", "--provider", "stripe")
    assert unknown.exit_code == 1
    assert "[webhook-event-not-found]" in unknown.err


def test_what_waits_too_long_is_told_and_is_exit_code_1(units: UnitOfWorkFactory, printapic: Command) -> None:
    assert printapic("payments", "check", "--json") == Answer(0, "[]\n", "")
    keep(units, "waits", type="checkout.completed")
    keep(units, "young", received_at=datetime.now(UTC))
    answer = printapic("payments", "check", "--json")
    assert answer.exit_code == 1
    [concern] = json.loads(answer.out)
    assert concern == {
        "kind": "webhook-waits",
        "ref": "waits",
        "what": "checkout.completed",
        "since": LONG_AGO.isoformat(),
    }


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "--dead", "x"), ("events", "--dead", "--state", "ignored")]
)
def test_a_wrong_call_is_exit_code_2(printapic: Command, arguments: tuple[str, ...]) -> None:
    assert printapic("payments", *arguments).exit_code == 2


def test_h6_the_shop_does_not_open_with_prices_that_its_provider_does_not_take(
    printapic: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(PRICES.replace("prices.EUR = {", 'prices.KRW = { 1 = "700" }\nprices.EUR = {'))
    assert printapic("catalogue", "load", str(file)).exit_code == 0
    for name, value in (("PAYMENTS", "paypal"), ("PAYPAL_CLIENT_ID", "id"), ("PAYPAL_CLIENT_SECRET", "hush")):
        monkeypatch.setenv(f"PRINTAPIC_{name}", value)
    refused = printapic("serve", "--port", "0")
    (line,) = refused.err.splitlines()
    assert (refused.exit_code, refused.out) == (1, "")
    assert "prices in KRW, which paypal does not take" in line
