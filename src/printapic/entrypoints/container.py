"""The composition root: what is chosen by typed functions, wired by one container, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_type_hints

import attrs
import boto3
from botocore.config import Config
from dependency_injector import containers, providers
from sqlalchemy import Connection, Engine

from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.adapters.images.s3 import S3ImageStore
from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.jobs.procrastinate import ProcrastinateJobQueue, ProcrastinateWorker
from printapic.adapters.notifications.console import ConsoleMailer
from printapic.adapters.notifications.folder import FolderMailer
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.notifications.smtp import SmtpMailer
from printapic.adapters.notifications.templates import JinjaMailTemplates
from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.checkout import HostedCheckout
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.adapters.payments.simulated.webhooks import SimulatedWebhookVerifier, WebhookDeliverer
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.adapters.system.clock import SystemClock
from printapic.adapters.system.identifiers import RandomIdentifiers
from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.adapters.users.keyring import KeyRing, load_keyring, load_or_create_keyring
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.application.notifications.delivery import ShopFront
from printapic.application.ports.clock import Clock
from printapic.application.ports.images import ImageStore
from printapic.application.ports.jobs import JobLedger, JobQueue, JobWorker
from printapic.application.ports.notifications import Mailer
from printapic.application.ports.payments import PaymentGateway, WebhookVerifier
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.reactions import jobs_for
from printapic.application.shop import Shop
from printapic.domain.payments.attempt import Provider
from printapic.entrypoints import settings as choices
from printapic.entrypoints.settings import Mode, Settings

JWT_AUDIENCE = "printapic-api"
_SIMULATED_WEBHOOKS = "/v1/webhooks/simulated"


def engine(settings: Settings) -> Engine | None:
    """The database's connections; None where everything is in memory."""
    match settings.storage:
        case choices.SqliteStorage() as storage:
            storage.path.parent.mkdir(parents=True, exist_ok=True)
            return sql_engine(storage.url.reveal())
        case choices.PostgresStorage(url=url):
            return sql_engine(url.reveal())
        case choices.MemoryStorage():
            return None


def job_ledger(engine: Engine | None) -> JobLedger:
    return MemoryJobLedger() if engine is None else SqlJobLedger(engine)


def worker(settings: Settings, ledger: JobLedger, clock: Clock) -> JobWorker:
    match settings.jobs:
        case choices.InProcessJobs(threads=threads):
            return InProcessWorker(ledger, clock, threads=threads)
        case choices.ProcrastinateJobs(threads=threads):
            return ProcrastinateWorker(_postgres_url(settings), clock, concurrency=threads)


def _postgres_url(settings: Settings) -> str:
    if not isinstance(settings.storage, choices.PostgresStorage):
        raise choices.SettingsInvalid(["PRINTAPIC_JOBS=procrastinate needs PostgreSQL"])
    return settings.storage.url.reveal()


def unit_of_work(
    settings: Settings, engine: Engine | None, ledger: JobLedger, worker: JobWorker
) -> UnitOfWorkFactory:
    wake = worker.wake if isinstance(worker, InProcessWorker) else _nobody_to_wake
    if engine is None:
        return MemoryUnitOfWorkFactory(jobs_for, cast(MemoryJobLedger, ledger), wake)
    queue: Callable[[Connection], JobQueue] = SqlJobQueue
    if isinstance(settings.jobs, choices.ProcrastinateJobs):
        queue = ProcrastinateJobQueue
    return SqlUnitOfWorkFactory(engine, jobs_for, queue, wake)


def _nobody_to_wake() -> None:
    """Procrastinate's workers are told by PostgreSQL itself."""


def image_store(settings: Settings) -> ImageStore:
    match settings.images:
        case choices.FolderImages(root=root):
            return FilesystemImageStore(root)
        case choices.MemoryImages():
            return MemoryImageStore()
        case choices.S3Images() as s3:
            client = boto3.client(
                "s3",
                endpoint_url=s3.endpoint,
                region_name=s3.region,
                aws_access_key_id=s3.access_key,
                aws_secret_access_key=s3.secret_key.reveal() if s3.secret_key else None,
                config=Config(
                    connect_timeout=2,
                    read_timeout=5,
                    retries={"total_max_attempts": 3, "mode": "standard"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
            return S3ImageStore(client, bucket=s3.bucket, prefix=s3.prefix)


def mailer(settings: Settings) -> Mailer:
    match settings.mail:
        case choices.FolderMail(folder=folder):
            return FolderMailer(folder=folder, sender=settings.mail_sender)
        case choices.ConsoleMail():
            return ConsoleMailer(sender=settings.mail_sender)
        case choices.MemoryMail():
            return MemoryMailer(sender=settings.mail_sender)
        case choices.SmtpMail() as smtp:
            return SmtpMailer(
                host=smtp.host,
                port=smtp.port,
                sender=settings.mail_sender,
                username=smtp.username,
                password=smtp.password.reveal() if smtp.password else None,
                encryption=cast(Literal["tls", "starttls", "none"], smtp.security),
            )


def keyring(settings: Settings) -> KeyRing:
    """Embedded shops make their keys at the first start; production brings its own."""
    if settings.mode is Mode.PRODUCTION:
        return load_keyring(settings.keys_file)
    settings.keys_file.parent.mkdir(parents=True, exist_ok=True)
    return load_or_create_keyring(settings.keys_file)


def simulated_books(settings: Settings, clock: Clock) -> SimulatedBooks:
    return SimulatedBooks(settings.payments.books, clock)


def gateways(simulated: SimulatedGateway) -> Mapping[Provider, PaymentGateway]:
    return {simulated.provider: simulated}


def verifiers(keys: KeyRing) -> Mapping[Provider, WebhookVerifier]:
    verifier = SimulatedWebhookVerifier([_webhook_secret(keys)])
    return {verifier.provider: verifier}


def deliverer(settings: Settings, books: SimulatedBooks, keys: KeyRing) -> WebhookDeliverer:
    return WebhookDeliverer(books, settings.public_url + _SIMULATED_WEBHOOKS, _webhook_secret(keys))


def _webhook_secret(keys: KeyRing) -> str:
    return keys.secret("simulated webhooks").hex()


def front(settings: Settings) -> ShopFront:
    return ShopFront(
        name=settings.shop_name,
        mail_domain=settings.mail_sender.rpartition("@")[2].rstrip("> ") or "printapic.example",
        verify_url=settings.verify_url,
        order_url=settings.order_url,
    )


def shop(**ports: Any) -> Shop:
    """Build every use case from the ports that its fields name, and the use cases that it uses in turn."""

    def build(use_case: type) -> Any:
        hints = get_type_hints(use_case)
        for field in attrs.fields(use_case):
            if field.name not in ports:
                ports[field.name] = build(hints[field.name])
        return use_case(**{field.name: ports[field.name] for field in attrs.fields(use_case)})

    return cast(Shop, build(Shop))


class Container(containers.DeclarativeContainer):
    """One shop, assembled lazily: `Container(settings=...)`, then call the provider of what is needed."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    identifiers = providers.Singleton(RandomIdentifiers)
    keyring = providers.Singleton(keyring, settings)

    engine = providers.Singleton(engine, settings)
    job_ledger = providers.Singleton(job_ledger, engine)
    worker = providers.Singleton(worker, settings, job_ledger, clock)
    unit_of_work = providers.Singleton(unit_of_work, settings, engine, job_ledger, worker)

    store = providers.Singleton(image_store, settings)
    processor = providers.Singleton(PillowImageProcessor)
    hasher = providers.Singleton(BcryptPasswordHasher, cost=settings.provided.bcrypt_cost)
    tokens = providers.Singleton(
        JwtTokenIssuer, keyring=keyring, issuer=settings.provided.public_url, audience=JWT_AUDIENCE
    )
    templates = providers.Singleton(JinjaMailTemplates)
    mailer = providers.Singleton(mailer, settings)
    reader = providers.Singleton(TomlPriceListReader)

    books = providers.Singleton(simulated_books, settings, clock)
    simulated = providers.Singleton(SimulatedGateway, books, public_url=settings.provided.public_url)
    gateways = providers.Singleton(gateways, simulated)
    verifiers = providers.Singleton(verifiers, keyring)
    hosted_checkout = providers.Singleton(HostedCheckout, books)
    deliverer = providers.Singleton(deliverer, settings, books, keyring)

    shop = providers.Singleton(
        shop,
        unit_of_work=unit_of_work,
        clock=clock,
        identifiers=identifiers,
        store=store,
        processor=processor,
        hasher=hasher,
        tokens=tokens,
        templates=templates,
        mailer=mailer,
        reader=reader,
        gateways=gateways,
        verifiers=verifiers,
        front=providers.Singleton(front, settings),
        return_origins=settings.provided.origins,
        max_bytes=settings.provided.max_upload_bytes,
    )
