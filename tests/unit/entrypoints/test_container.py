"""The container: every choice can be built, everything is built once, and all of it is given back.

No type checker sees what is handed to a provider, so each of them is called for each choice.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import pytest
from dependency_injector.errors import Error
from sqlalchemy import Engine

from printapic.adapters.audit.folder_checkpoints import FolderAuditCheckpoints
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.adapters.audit.s3_checkpoints import S3AuditCheckpoints
from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.s3 import S3ImageStore
from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.jobs.procrastinate import ProcrastinateWorker
from printapic.adapters.notifications.console import ConsoleMailer
from printapic.adapters.notifications.folder import FolderMailer
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.notifications.smtp import SmtpMailer
from printapic.adapters.payments.simulated.books import BooksUnavailable
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.persistence.sql.migrate import downgrade
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle
from printapic.adapters.throttle.unlimited import UnlimitedThrottle
from printapic.adapters.users.keyring import KeyRingUnusable
from printapic.application.ports.keys import KeyState
from printapic.application.ports.throttle import Limit
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.application.shop import Shop
from printapic.domain.ids import ApiKeyId
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints.container import Container, apply_migrations, close, create_keys
from printapic.entrypoints.readiness import readiness
from printapic.entrypoints.settings import (
    ConsoleMail,
    FolderImages,
    FolderMail,
    MemoryStorage,
    Mode,
    NoThrottling,
    Payments,
    PayPalPayments,
    PostgresStorage,
    ProcrastinateJobs,
    RedisThrottling,
    S3Checkpoints,
    S3Images,
    Secret,
    Settings,
    SettingsInvalid,
    SimulatedPayments,
    SmtpMail,
    SqliteStorage,
    StripePayments,
)
from tests.servers.processes import free_ports
from tests.unit.adapters.payments.paypal.authority import Authority, pem

if TYPE_CHECKING:
    from tests.servers.s3 import S3Bucket

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "nineteen blue herons"
STRIPE = StripePayments(
    secret_key=Secret("sk_test_hush"), webhook_secrets=(Secret("whsec_hush"),), api_url="http://127.0.0.1:1"
)
PAYPAL = PayPalPayments(
    client_id="shop",
    client_secret=Secret("hush"),
    sandbox=True,
    webhook_ids=("4JH86294D6297924G",),
    api_url="http://127.0.0.1:1",
)
Change = dict[str, Any]


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """A shop in memory with a folder to itself."""
    return attrs.evolve(Settings.memory(tmp_path), bcrypt_cost=4)


def on_sqlite(request: pytest.FixtureRequest, folder: Path) -> Change:
    return {"storage": SqliteStorage(path=folder / "odd ?name%20" / "shop.sqlite")}


def on_postgres(request: pytest.FixtureRequest, folder: Path) -> Change:
    url: str = request.getfixturevalue("postgres_url")
    return {"storage": PostgresStorage(url=Secret(url))}


def on_postgres_with_procrastinate(request: pytest.FixtureRequest, folder: Path) -> Change:
    return on_postgres(request, folder) | {"jobs": ProcrastinateJobs(threads=1)}


def in_a_folder(request: pytest.FixtureRequest, folder: Path) -> Change:
    return {"images": FolderImages(root=folder / "photos")}


def in_a_bucket(request: pytest.FixtureRequest, folder: Path) -> Change:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    return {
        "images": S3Images(
            bucket=bucket.bucket,
            prefix=bucket.prefix,
            endpoint=bucket.endpoint,
            region=bucket.region,
            access_key=bucket.access_key,
            secret_key=Secret(bucket.secret_key),
        )
    }


def with_redis(request: pytest.FixtureRequest, folder: Path) -> Change:
    return {"throttling": RedisThrottling(url=Secret(request.getfixturevalue("redis_url")))}


def nothing_else(request: pytest.FixtureRequest, folder: Path) -> Change:
    return {}


CHOICES: dict[str, Callable[[pytest.FixtureRequest, Path], Change]] = {
    "memory": nothing_else,
    "sqlite": on_sqlite,
    "postgres": on_postgres,
    "procrastinate": on_postgres_with_procrastinate,
    "folder": in_a_folder,
    "bucket": in_a_bucket,
    "redis": with_redis,
    "unlimited": lambda _, folder: {"throttling": NoThrottling()},
    "mail-folder": lambda _, folder: {"mail": FolderMail(folder=folder / "mail")},
    "mail-console": lambda _, folder: {"mail": ConsoleMail()},
    "mail-smtp": lambda _, folder: {
        "mail": SmtpMail(host="127.0.0.1", port=25, username="shop", password=Secret("hush"))
    },
    "mail-tls": lambda _, folder: {"mail": SmtpMail(host="127.0.0.1", security="tls")},
    "mail-plain": lambda _, folder: {"mail": SmtpMail(host="127.0.0.1", security="none")},
    "books-in-a-file": lambda _, folder: {"payments": Settings.embedded(folder).payments},
    "stripe": lambda _, folder: {"payments": (STRIPE,)},
    "paypal": lambda _, folder: {"payments": (PAYPAL,)},
    "every-provider": lambda _, folder: {"payments": (PAYPAL, SimulatedPayments(books=None), STRIPE)},
}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_makes_a_shop_that_works(
    request: pytest.FixtureRequest, fresh: Settings, choice: str
) -> None:
    settings = attrs.evolve(fresh, **CHOICES[choice](request, fresh.data))
    settings.check()
    container = Container(settings=settings)
    try:
        applied = apply_migrations(container)
        assert bool(applied) is not isinstance(settings.storage, MemoryStorage)
        for provider in container.providers.values():
            provider()
        shop: Shop = container.shop()
        assert not readiness(container)["price list"]
        shop.load_price_list()
        checks = readiness(container)
        assert checks
        assert all(checks.values())
        user_id = shop.create_admin(email="root@example.org", password=PASSWORD)
        session = shop.log_in(email="root@example.org", password=PASSWORD)
        assert shop.authenticate(access_token=session.access_token).user_id == user_id
        shop.register(email="anna@example.org", password=PASSWORD)
        assert [job.name for job in container.worker().list()] == ["SendRegistrationMail"]
        container.store().put("a/b", io.BytesIO(b""), size_bytes=0, sha256=EMPTY, content_type="text/plain")
        assert container.store().stat("a/b").size_bytes == 0
        assert apply_migrations(container) == ()
    finally:
        close(container)


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("change", "provider", "made"),
    [
        ({}, "unit_of_work", MemoryUnitOfWorkFactory),
        ({}, "store", MemoryImageStore),
        ({}, "mailer", MemoryMailer),
        ({}, "worker", InProcessWorker),
        ({"storage": "sqlite"}, "unit_of_work", SqlUnitOfWorkFactory),
        ({"images": "folder"}, "store", FilesystemImageStore),
        ({"images": S3Images(bucket="photos", region="eu-central-1")}, "store", S3ImageStore),
        ({}, "audit_checkpoints", MemoryAuditCheckpoints),
        ({"audit_checkpoints": "folder"}, "audit_checkpoints", FolderAuditCheckpoints),
        ({"audit_checkpoints": S3Checkpoints(bucket="log")}, "audit_checkpoints", S3AuditCheckpoints),
        ({}, "throttle", MemoryThrottle),
        ({"throttling": NoThrottling()}, "throttle", UnlimitedThrottle),
        ({"throttling": RedisThrottling(url=Secret("redis://127.0.0.1:1"))}, "throttle", RedisThrottle),
        ({"mail": ConsoleMail()}, "mailer", ConsoleMailer),
        ({"mail": "folder"}, "mailer", FolderMailer),
        ({"mail": SmtpMail(host="mail.example")}, "mailer", SmtpMailer),
        (
            {
                "storage": PostgresStorage(url=Secret("postgresql://shop@127.0.0.1:1/shop")),
                "jobs": ProcrastinateJobs(),
            },
            "worker",
            ProcrastinateWorker,
        ),
    ],
)
def test_each_choice_is_the_one_that_was_made(
    fresh: Settings, change: Change, provider: str, made: type
) -> None:
    embedded = Settings.embedded(fresh.data)
    named = {"sqlite": embedded.storage, "folder": getattr(embedded, next(iter(change), "mail"))}
    change = {name: named[value] if isinstance(value, str) else value for name, value in change.items()}
    container = Container(settings=attrs.evolve(fresh, **change))
    try:
        assert type(container.providers[provider]()) is made
    finally:
        close(container)


@pytest.mark.parametrize(
    ("payments", "providers", "delivers"),
    [
        ((STRIPE,), [Provider.STRIPE], False),
        ((PAYPAL,), [Provider.PAYPAL], False),
        ((SimulatedPayments(books=None),), [Provider.SIMULATED], True),
        ((PAYPAL, STRIPE), [Provider.PAYPAL, Provider.STRIPE], False),
        ((STRIPE, SimulatedPayments(books=None)), [Provider.STRIPE, Provider.SIMULATED], True),
    ],
    ids=["stripe", "paypal", "simulated", "both", "simulated-beside"],
)
def test_each_provider_has_its_gateway_and_its_verifier(
    fresh: Settings, payments: tuple[Payments, ...], providers: list[Provider], delivers: bool
) -> None:
    container = Container(settings=attrs.evolve(fresh, payments=payments))
    try:
        gateways, verifiers = container.gateways(), container.verifiers()
        assert list(gateways) == list(verifiers) == providers
        for provider in providers:
            assert gateways[provider].provider is verifiers[provider].provider is provider
            assert not gateways[provider].livemode
        ours = (container.books(), container.simulated(), container.hosted_checkout(), container.deliverer())
        assert [each is not None for each in ours] == [delivers] * 4
        paypal = container.paypal_api()
        assert (paypal is not None) is (Provider.PAYPAL in providers)
    finally:
        close(container)
    assert paypal is None or paypal.client.is_closed


def test_in_production_real_money_moves(fresh: Settings, tmp_path: Path) -> None:
    assert create_keys(fresh.keys_file)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pem(Authority.root().certificate))
    payments = (
        attrs.evolve(STRIPE, secret_key=Secret("rk_live_hush")),
        attrs.evolve(PAYPAL, sandbox=False, intermediates=bundle),
    )
    container = Container(settings=attrs.evolve(fresh, mode=Mode.PRODUCTION, payments=payments))
    assert all(gateway.livemode for gateway in container.gateways().values())
    assert len(container.verifiers()) == 2
    close(container)


def test_without_a_webhook_secret_there_are_no_webhooks_to_take(fresh: Settings) -> None:
    deaf = (attrs.evolve(STRIPE, webhook_secrets=()), attrs.evolve(PAYPAL, webhook_ids=()))
    container = Container(settings=attrs.evolve(fresh, payments=deaf))
    assert (len(container.gateways()), len(container.verifiers())) == (2, 0)
    close(container)


def test_a_shop_in_memory_touches_the_disk_for_its_keys_alone(fresh: Settings) -> None:
    container = Container(settings=fresh)
    apply_migrations(container)
    container.shop().load_price_list()
    close(container)
    assert [path.name for path in fresh.data.iterdir()] == ["keys.json"]


def test_two_shops_are_two_shops(tmp_path: Path) -> None:
    first = Container(settings=Settings.memory(tmp_path / "one"))
    second = Container(settings=Settings.memory(tmp_path / "two"))
    first.shop().load_price_list()
    assert readiness(first)["price list"]
    assert not readiness(second)["price list"]


def test_whatever_is_asked_for_by_many_threads_is_built_once(fresh: Settings) -> None:
    settings = attrs.evolve(fresh, storage=Settings.embedded(fresh.data).storage)
    container = Container(settings=settings)
    together = threading.Barrier(8, timeout=20)

    def ask(name: str) -> int:
        together.wait()
        return id(container.providers[name]())

    try:
        with ThreadPoolExecutor(8) as pool:
            for name in ("engine", "keyring", "shop", "books", "worker"):
                assert len(set(pool.map(ask, [name] * 8))) == 1
    finally:
        close(container)


def test_without_redis_each_process_gives_its_share_of_a_limit(fresh: Settings) -> None:
    limit = Limit(name="login", count=12, period_s=3600)
    away = RedisThrottling(url=Secret("redis://127.0.0.1:1"))
    for settings in (
        attrs.evolve(fresh, processes=4),
        attrs.evolve(fresh, processes=4, throttling=away),
    ):
        container = Container(settings=settings)
        throttle = container.throttle()
        assert sum(throttle.take("anna", limit).allowed for _ in range(12)) == 3
        close(container)


def test_where_nobody_is_held_back_everybody_has_the_whole_limit(fresh: Settings) -> None:
    limit = Limit(name="login", count=2, period_s=3600)
    throttle = Container(settings=attrs.evolve(fresh, throttling=NoThrottling())).throttle()
    throttle.give_back("anna", limit)
    for _ in range(5):
        verdict = throttle.take("anna", limit)
        assert (verdict.allowed, verdict.remaining, verdict.retry_after_s) == (True, 2, 0)


def test_jobs_on_postgresql_need_postgresql(fresh: Settings) -> None:
    container = Container(settings=attrs.evolve(fresh, jobs=ProcrastinateJobs()))
    for provider in (container.worker, container.unit_of_work):
        with pytest.raises(SettingsInvalid):
            provider()


def test_a_container_wants_settings_and_nothing_else() -> None:
    with pytest.raises(Error):
        Container(settings={"mode": "embedded"}).shop()


# Keys


def test_an_embedded_shop_makes_its_keys_and_finds_them_again(fresh: Settings) -> None:
    settings = attrs.evolve(fresh, keys_file=fresh.data / "deep" / "keys.json")
    first = Container(settings=settings).keyring()
    second = Container(settings=settings).keyring()
    assert first.secret("test") == second.secret("test")


def test_a_production_shop_brings_its_own_keys(fresh: Settings) -> None:
    container = Container(settings=attrs.evolve(fresh, mode=Mode.PRODUCTION))
    with pytest.raises(KeyRingUnusable):
        container.keyring()
    assert not fresh.keys_file.exists()


def test_a_production_shop_refuses_keys_that_an_embedded_one_made_for_itself(fresh: Settings) -> None:
    Container(settings=fresh).keyring().rotate(at=NOON, published_for=timedelta(0))
    with pytest.raises(KeyRingUnusable, match="keys create"):
        Container(settings=attrs.evolve(fresh, mode=Mode.PRODUCTION)).keyring()


def test_a_production_shop_takes_keys_that_were_made_for_it(fresh: Settings) -> None:
    assert create_keys(fresh.keys_file)
    assert not create_keys(fresh.keys_file), "never twice"
    container = Container(settings=attrs.evolve(fresh, mode=Mode.PRODUCTION))
    states = [record.state for record in container.keyring().list(at=NOON)]
    assert states == [KeyState.ACTIVE, KeyState.NEXT]


@pytest.mark.parametrize(("mode", "prefix"), [(Mode.EMBEDDED, "pap_test_"), (Mode.PRODUCTION, "pap_live_")])
def test_api_keys_tell_a_shop_that_tries_things_out_from_one_in_production(
    fresh: Settings, mode: Mode, prefix: str
) -> None:
    mint = Container(settings=attrs.evolve(fresh, mode=mode)).key_mint()
    assert mint.mint(ApiKeyId(UUID(int=1))).startswith(prefix)


def test_what_one_run_of_the_shop_sealed_the_next_one_opens(fresh: Settings) -> None:
    sealed = Container(settings=fresh).sealer().seal(b"secret", context="here")
    assert Container(settings=fresh).sealer().unseal(sealed, context="here") == b"secret"


# Closing


def test_closing_opens_nothing(fresh: Settings) -> None:
    settings = attrs.evolve(Settings.embedded(fresh.data / "untouched"))
    close(Container(settings=settings))
    assert not (fresh.data / "untouched").exists()


def test_closing_gives_everything_back_and_may_be_repeated(fresh: Settings) -> None:
    embedded = Settings.embedded(fresh.data)
    container = Container(settings=embedded)
    apply_migrations(container)
    container.shop().load_price_list()
    container.deliverer()
    engine, books = container.engine(), container.books()
    assert isinstance(engine, Engine)
    assert books is not None
    for _ in range(2):
        close(container)
    assert engine.pool.status().startswith("Pool size: 28  Connections in pool: 0")
    with pytest.raises(BooksUnavailable), books.entry():
        pass


# Readiness


def test_a_database_that_is_behind_is_said_to_be_behind(fresh: Settings) -> None:
    container = Container(settings=attrs.evolve(fresh, storage=Settings.embedded(fresh.data).storage))
    try:
        before = readiness(container)
        assert before["database"]
        assert not before["migrations"]
        assert not before["price list"]
        assert not before["jobs"]
        apply_migrations(container)
        container.shop().load_price_list()
        assert all(readiness(container).values())
        engine = container.engine()
        assert engine is not None
        downgrade(engine, "0001")
        after = readiness(container)
        assert after["database"]
        assert not after["migrations"]
    finally:
        close(container)


def test_a_database_that_does_not_answer_is_said_to_be_down_and_nothing_raises(fresh: Settings) -> None:
    (port,) = free_ports(1)
    url = Secret(f"postgresql://shop:hush@127.0.0.1:{port}/shop")
    container = Container(settings=attrs.evolve(fresh, storage=PostgresStorage(url=url)))
    try:
        assert readiness(container) == {
            "database": False,
            "image store": True,
            "jobs": False,
            "keys": True,
            "migrations": False,
            "price list": False,
        }
        with pytest.raises(StorageUnavailable):
            apply_migrations(container)
    finally:
        close(container)


def test_photos_that_are_out_of_reach_are_said_to_be(fresh: Settings) -> None:
    container = Container(settings=attrs.evolve(fresh, images=FolderImages(root=fresh.data / "photos")))
    assert readiness(container)["image store"]
    (fresh.data / "photos").rename(fresh.data / "elsewhere")
    assert not readiness(container)["image store"]


def test_a_missing_bucket_is_said_to_be_missing(s3_bucket: S3Bucket, fresh: Settings) -> None:
    def ready(bucket: str) -> bool:
        images = S3Images(
            bucket=bucket,
            endpoint=s3_bucket.endpoint,
            region=s3_bucket.region,
            access_key=s3_bucket.access_key,
            secret_key=Secret(s3_bucket.secret_key),
        )
        return readiness(Container(settings=attrs.evolve(fresh, images=images)))["image store"]

    assert ready(s3_bucket.bucket)
    assert not ready("no-such-bucket")


def test_a_shop_that_cannot_even_be_built_is_not_ready(fresh: Settings) -> None:
    (fresh.data / "file").write_text("where a folder should be")
    images = FolderImages(root=fresh.data / "file" / "photos")
    storage = SqliteStorage(path=fresh.data / "file" / "shop.sqlite")
    keys_file = fresh.data / "file" / "keys.json"
    nowhere = attrs.evolve(fresh, images=images, storage=storage, keys_file=keys_file)
    checks = readiness(Container(settings=nowhere))
    assert set(checks.values()) == {False}


def test_secrets_of_the_settings_reach_the_adapters_and_nobody_else(fresh: Settings) -> None:
    settings = attrs.evolve(fresh, mail=SmtpMail(host="h", username="shop", password=Secret("hush-3")))
    container = Container(settings=settings)
    assert "hush" not in repr(container.mailer())
    assert "hush" not in repr(container.settings())
