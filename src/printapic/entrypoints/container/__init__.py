"""The composition root: what is chosen by typed functions, wired by one container, and nothing else.

Adapters whose libraries are slow to load, boto3, Procrastinate, redis and stripe, are imported where they are
chosen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_type_hints

import attrs
from dependency_injector import containers, providers

from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.subject_cipher import AesGcmSubjectCipher
from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.adapters.notifications.console import ConsoleMailer
from printapic.adapters.notifications.folder import FolderMailer
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.notifications.smtp import SmtpMailer
from printapic.adapters.notifications.templates import JinjaMailTemplates
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.adapters.system.alerts import LogAlerts
from printapic.adapters.system.clock import SystemClock
from printapic.adapters.system.identifiers import RandomIdentifiers
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.unlimited import UnlimitedThrottle
from printapic.adapters.users import key_file
from printapic.adapters.users.api_keys import PrefixedApiKeyMint
from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.adapters.users.common_passwords import BundledCommonPasswords
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import FileKeyRing
from printapic.adapters.users.one_time_passwords import TotpOneTimePasswords
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.application.audit.sealing import Notary
from printapic.application.notifications.delivery import ShopFront
from printapic.application.ports.clock import Clock
from printapic.application.ports.images import ImageStore
from printapic.application.ports.notifications import Mailer
from printapic.application.ports.secrets import ApiKeyMint
from printapic.application.ports.throttle import Throttle
from printapic.application.ports.users import PasswordHasher
from printapic.application.shop import Shop
from printapic.entrypoints import settings as choices
from printapic.entrypoints.container.auditing import audit_checkpoints
from printapic.entrypoints.container.buckets import bucket_client
from printapic.entrypoints.container.paying import (
    deliverer,
    gateways,
    hosted_checkout,
    paypal_api,
    simulated_books,
    simulated_gateway,
    verifiers,
)
from printapic.entrypoints.container.storage import (
    engine,
    idempotency_keys,
    job_ledger,
    postgres_url,
    shredder,
    unit_of_work,
    worker,
)
from printapic.entrypoints.settings import Mode, Settings

JWT_AUDIENCE = "printapic-api"


def image_store(settings: Settings) -> ImageStore:
    match settings.images:
        case choices.FolderImages(root=root):
            return FilesystemImageStore(root)
        case choices.MemoryImages():
            return MemoryImageStore()
        case choices.S3Images() as s3:
            from printapic.adapters.images.s3 import S3ImageStore

            return S3ImageStore(bucket_client(s3), bucket=s3.bucket, prefix=s3.prefix)


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


def keyring(settings: Settings, clock: Clock) -> FileKeyRing:
    """Embedded shops make their keys at the first start; production brings its own, made for it."""
    if settings.mode is Mode.PRODUCTION:
        return FileKeyRing(key_file.of_production(settings.keys_file))
    key_file.load_or_create_keyring(settings.keys_file, at=clock.now())
    return FileKeyRing(settings.keys_file)


def create_keys(path: Path) -> bool:
    """Make a key file for production; False where there is one already. Raises `KeyRingUnusable`."""
    return key_file.create(path, KeyRing.generate(at=SystemClock().now()))


def cursor_secrets(keys: FileKeyRing, clock: Clock) -> Sequence[bytes]:
    """Asked for each time: the first makes cursors, all of them verify. Lists are leafed through in a day."""
    return keys.current().secrets("cursors", life=timedelta(days=1), at=clock.now())


def hasher(settings: Settings, closing: ExitStack) -> PasswordHasher:
    return closing.enter_context(contextlib.closing(BcryptPasswordHasher(cost=settings.bcrypt_cost)))


def key_mint(settings: Settings) -> ApiKeyMint:
    """Keys of a shop that tries things out are told by their looks from those that move money."""
    return PrefixedApiKeyMint(environment="live" if settings.mode is Mode.PRODUCTION else "test")


def throttle(settings: Settings, closing: ExitStack) -> Throttle:
    local = MemoryThrottle(processes=settings.processes)
    match settings.throttling:
        case choices.LocalThrottling():
            return local
        case choices.NoThrottling():
            return UnlimitedThrottle()
        case choices.RedisThrottling(url=url):
            from printapic.adapters.throttle.redis import RedisThrottle, redis_client

            client = redis_client(url.reveal())
            closing.callback(client.close)
            return RedisThrottle(client, local)


def throttle_secret(keys: KeyRing) -> bytes:
    """Makes the keys of counters unrecognisable, in the same way in every process, whenever it started."""
    return keys.secret("throttle keys")


def front(settings: Settings) -> ShopFront:
    return ShopFront(
        name=settings.shop_name,
        mail_domain=settings.mail_sender.rpartition("@")[2].rstrip("> ") or "printapic.example",
        verify_url=settings.verify_url,
        reset_url=settings.reset_url,
        email_url=settings.email_url,
        revert_url=settings.revert_url,
        order_url=settings.order_url,
    )


@cache
def _hints(use_case: type) -> dict[str, Any]:
    """The types of its fields: evaluated from their text, which takes longer than building a shop."""
    return get_type_hints(use_case)


def shop(**ports: Any) -> Shop:
    """Build every use case from the ports that its fields name, and the use cases that it uses in turn."""

    def build(use_case: type) -> Any:
        hints = _hints(use_case)
        for field in attrs.fields(use_case):
            if field.name not in ports:
                ports[field.name] = build(hints[field.name])
        return use_case(**{field.name: ports[field.name] for field in attrs.fields(use_case)})

    return cast(Shop, build(Shop))


class Container(containers.DeclarativeContainer):
    """One shop, assembled lazily: `Container(settings=...)`, then call the provider of what is needed.

    Safe to use from many threads: each thing is built once. `close` gives back what was opened.
    """

    settings = providers.Dependency(instance_of=Settings)
    closing: providers.Provider[ExitStack] = providers.ThreadSafeSingleton(ExitStack)
    clock = providers.ThreadSafeSingleton(SystemClock)
    identifiers = providers.ThreadSafeSingleton(RandomIdentifiers)
    alerts = providers.ThreadSafeSingleton(LogAlerts)
    keyring = providers.ThreadSafeSingleton(keyring, settings, clock)
    cursor_secrets = providers.Callable(cursor_secrets, keyring, clock)
    sealer = providers.ThreadSafeSingleton(AesGcmSealer, keyring=keyring)
    audit_seal = providers.ThreadSafeSingleton(HmacAuditSeal, keyring)
    notary = providers.ThreadSafeSingleton(
        Notary, seal=audit_seal, cipher=providers.Factory(AesGcmSubjectCipher, sealer)
    )

    engine = providers.ThreadSafeSingleton(engine, settings, closing)
    idempotency_keys = providers.ThreadSafeSingleton(idempotency_keys, engine)
    job_ledger = providers.ThreadSafeSingleton(job_ledger, engine)
    worker = providers.ThreadSafeSingleton(worker, settings, job_ledger, clock)
    audit_checkpoints = providers.ThreadSafeSingleton(audit_checkpoints, settings)
    unit_of_work = providers.ThreadSafeSingleton(
        unit_of_work, settings, engine, job_ledger, worker.provider, notary
    )

    shredder = providers.ThreadSafeSingleton(shredder, engine)
    store = providers.ThreadSafeSingleton(image_store, settings)
    processor = providers.ThreadSafeSingleton(PillowImageProcessor)
    hasher = providers.ThreadSafeSingleton(hasher, settings, closing)
    common_passwords = providers.ThreadSafeSingleton(BundledCommonPasswords)
    tokens = providers.ThreadSafeSingleton(
        JwtTokenIssuer,
        keyring=keyring,
        clock=clock,
        issuer=settings.provided.public_url,
        audience=JWT_AUDIENCE,
    )
    one_time_passwords = providers.ThreadSafeSingleton(
        TotpOneTimePasswords, issuer=settings.provided.shop_name
    )
    key_mint = providers.ThreadSafeSingleton(key_mint, settings)
    throttle = providers.ThreadSafeSingleton(throttle, settings, closing)
    throttle_secret = providers.Callable(throttle_secret, keyring)
    templates = providers.ThreadSafeSingleton(JinjaMailTemplates)
    mailer = providers.ThreadSafeSingleton(mailer, settings)
    reader = providers.ThreadSafeSingleton(TomlPriceListReader)

    books = providers.ThreadSafeSingleton(simulated_books, settings, clock, closing)
    simulated = providers.ThreadSafeSingleton(simulated_gateway, settings, books)
    paypal_api = providers.ThreadSafeSingleton(paypal_api, settings, clock, closing)
    gateways = providers.ThreadSafeSingleton(gateways, settings, simulated, paypal_api, clock, closing)
    verifiers = providers.ThreadSafeSingleton(verifiers, settings, keyring, paypal_api, closing)
    hosted_checkout = providers.ThreadSafeSingleton(hosted_checkout, books)
    deliverer = providers.ThreadSafeSingleton(deliverer, settings, books, keyring, closing)

    shop = providers.ThreadSafeSingleton(
        shop,
        unit_of_work=unit_of_work,
        clock=clock,
        alerts=alerts,
        worker=worker,
        audit_seal=audit_seal,
        audit_checkpoints=audit_checkpoints,
        idempotency_keys=idempotency_keys,
        shredder=shredder,
        identifiers=identifiers,
        store=store,
        processor=processor,
        hasher=hasher,
        common_passwords=common_passwords,
        tokens=tokens,
        keys=keyring,
        sealer=sealer,
        throttle=throttle,
        one_time_passwords=one_time_passwords,
        key_mint=key_mint,
        templates=templates,
        mailer=mailer,
        reader=reader,
        gateways=gateways,
        verifiers=verifiers,
        front=providers.Factory(front, settings),
        shop_name=settings.provided.shop_name,
        manual_capture=settings.provided.manual_capture,
        staff_need_second_factor=settings.provided.staff_need_second_factor,
        return_origins=settings.provided.origins,
        refund_limit=settings.provided.refund_limit,
        webhooks_kept=settings.provided.webhooks_kept,
        max_bytes=settings.provided.max_upload_bytes,
    )


def apply_migrations(container: Container) -> tuple[str, ...]:
    """Bring the database up to date; the names of what was applied, none for a shop in memory.

    Raises `StorageUnavailable`.
    """
    engine = container.engine()
    if engine is None:
        return ()
    applied = migrate(engine)
    settings = container.settings()
    if isinstance(settings.jobs, choices.ProcrastinateJobs):
        from printapic.adapters.jobs.procrastinate_tables import apply_schema

        apply_schema(postgres_url(settings))
    return applied


def close(container: Container) -> None:
    """Give back connections and files, and open nothing to do so. Repeating it changes nothing."""
    container.closing().close()
