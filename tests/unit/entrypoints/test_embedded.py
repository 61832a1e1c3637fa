"""A shop inside another program: open, use, close, and find everything again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import attrs
import bcrypt
import pytest
from structlog.testing import capture_logs

import printapic
from printapic.application.catalogue.prices import CurrencyNotPayable
from printapic.application.ports.catalogue import NoPriceList
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.users.user import CredentialsInvalid
from printapic.entrypoints import embedded
from printapic.entrypoints.container import Container, apply_migrations, close, create_keys
from printapic.entrypoints.embedded import (
    delivering,
    expect_payable_prices,
    expect_stored_hashes,
    keeping_time,
    open_container,
    open_shop,
    working,
)
from printapic.entrypoints.readiness import readiness
from printapic.entrypoints.settings import (
    Mode,
    PayPalPayments,
    Secret,
    Settings,
    SettingsInvalid,
    StripePayments,
)
from tests.shop_floor import PRICES

PASSWORD = "nineteen blue herons"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return attrs.evolve(Settings.embedded(tmp_path), bcrypt_cost=4)


def wait_for_mail(folder: Path) -> str:
    """The text of the first mail. The worker wakes when a job is committed; the bound is for a broken one."""
    came = threading.Event()
    for _ in range(2000):
        if files := list(folder.glob("*.eml")):
            message = message_from_bytes(files[0].read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            return str(body.get_content())
        came.wait(0.01)
    raise AssertionError("no mail came")


def test_a_shop_sets_itself_up_and_works_in_the_background(settings: Settings) -> None:
    with open_shop(settings) as shop:
        assert shop.read_price_list().version
        shop.register(email="anna@example.org", password=PASSWORD)
        text = wait_for_mail(settings.data / "mail")
        token = next(word for word in text.split() if len(word) >= 43)
        user_id = shop.verify_email(token=token, password=PASSWORD)
    with open_shop(settings, background=False) as again:
        assert again.read_user(user_id=user_id).email.address == "anna@example.org"
        assert again.log_in(email="anna@example.org", password=PASSWORD).access_token


def until(holds: Callable[[], object]) -> None:
    """Threads of the shop do it as soon as they can; the bound is for those that never do."""
    waiting = threading.Event()
    for _ in range(2000):
        if holds():
            return
        waiting.wait(0.01)
    raise AssertionError("it did not happen")


def checkpoints(settings: Settings) -> list[str]:
    file = settings.data / "audit-checkpoints.jsonl"
    return file.read_text().splitlines() if file.exists() else []


def test_an_open_shop_keeps_checkpoints_by_itself(settings: Settings) -> None:
    with open_shop(settings) as shop:
        until(lambda: checkpoints(settings))
        assert shop.verify_audit_log().intact


def test_timers_go_on_when_the_database_was_away_for_a_moment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TIMER_RETRY_S", 0.01)
    with open_container(settings) as container:
        engine = container.engine()
        assert engine is not None
        gone = settings.data / "gone.sqlite"
        file = settings.data / "printapic.sqlite"
        engine.dispose()
        file.rename(gone)
        file.mkdir()
        with capture_logs() as logged, keeping_time(container):
            until(lambda: logged)
            file.rmdir()
            gone.rename(file)
            until(lambda: container.worker().run_due(container.shop().perform))
        assert {entry["error"] for entry in logged} == {"StorageUnavailable"}
    assert len(checkpoints(settings)) == 1


def test_what_is_due_by_the_clock_is_promised_and_can_be_done(settings: Settings) -> None:
    due = {"SealAuditLog", "PurgeExpired", "ClearShelf", "ReconcileDaily", "PurgeInbox", "WatchPayments"}
    with open_container(settings) as container:
        worker = container.worker()
        with keeping_time(container):
            until(lambda: due <= {job.name for job in worker.list()})
        worker.run_due(container.shop().perform)
        assert [job for job in worker.list() if job.error] == []


def test_without_background_work_promises_wait_for_somebody_to_keep_them(settings: Settings) -> None:
    with open_shop(settings, background=False) as shop:
        shop.register(email="anna@example.org", password=PASSWORD)
    assert not (settings.data / "mail").exists()
    with open_container(settings) as container:
        assert container.worker().run_due(container.shop().perform) == 1
    assert wait_for_mail(settings.data / "mail")


def test_a_shop_that_is_closed_keeps_no_thread_and_no_connection(settings: Settings) -> None:
    before = set(threading.enumerate())
    with open_container(settings) as container, working(container), delivering(container):
        assert set(threading.enumerate()) - before
    named = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in named if name.startswith("printapic") and "heartbeat" not in name}
    engine = container.engine()
    assert engine is not None
    assert engine.pool.status().startswith("Pool size: 28  Connections in pool: 0")


def test_nothing_is_delivered_where_a_real_provider_takes_the_money(settings: Settings) -> None:
    stripe = StripePayments(secret_key=Secret("sk_test_hush"), api_url="http://127.0.0.1:1")
    with open_container(attrs.evolve(settings, payments=(stripe,))) as container, delivering(container):
        assert "printapic-simulated-webhooks" not in {thread.name for thread in threading.enumerate()}
        assert not (settings.data / "simulated-payments.sqlite").exists()
    with open_container(settings) as container, delivering(container):
        assert "printapic-simulated-webhooks" in {thread.name for thread in threading.enumerate()}


def test_what_goes_wrong_inside_the_block_still_closes_the_shop(settings: Settings) -> None:
    def fail() -> None:
        with open_shop(settings) as shop:
            shop.read_price_list()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not [t for t in threading.enumerate() if t.name in ("printapic-jobs", "printapic-job_0")]


def test_opening_twice_at_the_same_time_sets_up_one_shop(settings: Settings) -> None:
    with open_shop(settings, background=False) as one, open_shop(settings, background=False) as other:
        one.register(email="anna@example.org", password=PASSWORD)
        assert one.read_price_list() == other.read_price_list()


def test_a_shop_that_must_not_open_is_refused_before_anything_is_made(settings: Settings) -> None:
    with pytest.raises(SettingsInvalid), open_shop(attrs.evolve(settings, mode=Mode.PRODUCTION)):
        pass
    assert list(settings.data.iterdir()) == []


def test_in_production_nothing_is_migrated_or_stocked_by_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production refuses the simulated provider, the only one yet: so here the check is let off."""
    monkeypatch.setattr(Settings, "check", lambda self: None)
    container = Container(settings=settings)
    create_keys(settings.keys_file)
    serious = attrs.evolve(settings, mode=Mode.PRODUCTION)
    with open_container(serious) as opened:
        assert not readiness(opened)["migrations"]
    apply_migrations(container)
    close(container)
    with open_container(serious) as opened, pytest.raises(NoPriceList):
        opened.shop().read_price_list()


def test_a_data_folder_that_cannot_be_written_stops_the_shop(settings: Settings) -> None:
    (settings.data / "printapic.sqlite").mkdir()
    with pytest.raises(StorageUnavailable), open_shop(settings):
        pass


def test_the_package_itself_offers_the_door() -> None:
    assert printapic.open_shop is open_shop


# What refusals cost


def test_refusals_cost_what_the_dearest_stored_hash_costs_from_the_first_one_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shop(attrs.evolve(settings, bcrypt_cost=6), background=False) as shop:
        shop.create_admin(email="anna@example.org", password=PASSWORD)
    units: list[int] = []
    really = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        units.append(2 ** int(salt[4:6]))
        return really(password, salt)

    with open_shop(attrs.evolve(settings, bcrypt_cost=4), background=False) as shop:
        monkeypatch.setattr(bcrypt, "hashpw", counted)
        with pytest.raises(CredentialsInvalid):
            shop.log_in(email="nobody@example.org", password=PASSWORD)
    assert sum(units) == 2**6


def test_a_database_that_does_not_answer_keeps_no_shop_from_opening(settings: Settings) -> None:
    container = Container(settings=settings)
    with capture_logs() as logs:
        expect_stored_hashes(container)
    close(container)
    assert [entry["event"] for entry in logs] == ["stored password hashes are not known yet"]


IN_WON = PRICES.replace("prices.EUR = {", 'prices.KRW = { 1 = "700" }\nprices.EUR = {')
PAYPAL = PayPalPayments(
    client_id="client", client_secret=Secret("hush"), sandbox=True, api_url="http://127.0.0.1:1"
)


def test_h6_no_shop_opens_with_prices_that_its_provider_does_not_take(settings: Settings) -> None:
    with open_shop(settings, background=False) as shop:
        shop.load_price_list(document=IN_WON)
    with open_shop(settings):
        pass
    elsewhere = attrs.evolve(settings, payments=(PAYPAL,))
    with (
        pytest.raises(CurrencyNotPayable, match="prices in KRW, which paypal does not take"),
        open_shop(elsewhere),
    ):
        pass
    with open_shop(elsewhere, background=False) as shop:
        shop.load_price_list(document=PRICES)
    with open_shop(elsewhere):
        pass


def test_prices_are_not_checked_where_the_database_does_not_answer_yet(settings: Settings) -> None:
    container = Container(settings=settings)
    with capture_logs() as logs:
        expect_payable_prices(container)
    close(container)
    assert [entry["event"] for entry in logs] == ["prices are not checked"]
