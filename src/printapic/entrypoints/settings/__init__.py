"""Settings: everything that can be chosen, read from `PRINTAPIC_*` variables, one union type per choice."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import attrs

from printapic.entrypoints.settings.choices import (
    Checkpoints,
    ConsoleMail,
    FolderCheckpoints,
    FolderImages,
    FolderMail,
    Images,
    InProcessJobs,
    Jobs,
    LocalThrottling,
    MailDelivery,
    MemoryCheckpoints,
    MemoryImages,
    MemoryMail,
    MemoryStorage,
    Mode,
    Network,
    NoThrottling,
    Payments,
    PayPalPayments,
    PostgresStorage,
    ProcrastinateJobs,
    RedisThrottling,
    S3Checkpoints,
    S3Images,
    Secret,
    SettingsInvalid,
    SimulatedPayments,
    SmtpMail,
    SqliteStorage,
    Storage,
    StripePayments,
    Throttling,
)
from printapic.entrypoints.settings.paying import LOOPBACK, payment_problems, payments_choice
from printapic.entrypoints.settings.variables import (
    Variables,
    checkpoints_choice,
    images_choice,
    jobs_choice,
    mail_choice,
    storage_choice,
    throttling_choice,
)

__all__ = [
    "Checkpoints",
    "ConsoleMail",
    "FolderCheckpoints",
    "FolderImages",
    "FolderMail",
    "Images",
    "InProcessJobs",
    "Jobs",
    "LocalThrottling",
    "MailDelivery",
    "MemoryCheckpoints",
    "MemoryImages",
    "MemoryMail",
    "MemoryStorage",
    "Mode",
    "Network",
    "NoThrottling",
    "PayPalPayments",
    "Payments",
    "PostgresStorage",
    "ProcrastinateJobs",
    "RedisThrottling",
    "S3Checkpoints",
    "S3Images",
    "Secret",
    "Settings",
    "SettingsInvalid",
    "SimulatedPayments",
    "SmtpMail",
    "SqliteStorage",
    "Storage",
    "StripePayments",
    "Throttling",
]

MEGABYTE = 1_000_000
_STAFF_MFA = {"": None, "required": True, "optional": False}


@attrs.frozen(kw_only=True)
class Settings:
    """One shop. `public_url` is where clients reach its API, without a path.

    With `manual_capture` the bank holds the money until production starts. `trusted_proxies` is from where
    a forwarded address is believed, `processes` how many serve the API.
    `refund_limit` is how many whole units of a currency support gives back of one payment,
    `webhooks_kept_days` how long webhooks that were looked into are kept.
    """

    mode: Mode
    data: Path
    public_url: str
    storage: Storage
    images: Images
    mail: MailDelivery
    payments: tuple[Payments, ...] = attrs.field(validator=attrs.validators.instance_of(tuple))
    jobs: Jobs
    keys_file: Path
    audit_checkpoints: Checkpoints
    shop_name: str = "PrintAPic"
    mail_sender: str = "PrintAPic <shop@printapic.example>"
    verify_url: str = ""
    reset_url: str = ""
    email_url: str = ""
    revert_url: str = ""
    order_url: str = ""
    return_origins: frozenset[str] = frozenset()
    cors_origins: frozenset[str] = frozenset()
    allowed_hosts: frozenset[str] = frozenset()
    bcrypt_cost: int = 11
    staff_second_factor: bool | None = None
    max_upload_bytes: int = 50 * MEGABYTE
    manual_capture: bool = False
    throttling: Throttling = attrs.field(factory=LocalThrottling)
    trusted_proxies: frozenset[Network] = frozenset()
    processes: int = 1
    refund_limit: int = 100
    webhooks_kept_days: int = 90

    @classmethod
    def embedded(cls, data: Path | str, *, public_url: str = "http://127.0.0.1:8000") -> Self:
        """Everything in one folder: SQLite, files, simulated payments, mail as `.eml` files."""
        folder = Path(data).absolute()
        return cls(
            mode=Mode.EMBEDDED,
            data=folder,
            public_url=public_url,
            storage=SqliteStorage(path=folder / "printapic.sqlite"),
            images=FolderImages(root=folder / "images"),
            mail=FolderMail(folder=folder / "mail"),
            payments=(_simulated(folder),),
            jobs=InProcessJobs(),
            keys_file=folder / "keys.json",
            audit_checkpoints=FolderCheckpoints(folder=folder),
        )

    @classmethod
    def memory(cls, data: Path | str) -> Self:
        """Nothing but the keys touches the disk: for tests of programs that embed a shop."""
        return attrs.evolve(
            cls.embedded(data),
            storage=MemoryStorage(),
            images=MemoryImages(),
            mail=MemoryMail(),
            payments=(SimulatedPayments(books=None),),
            audit_checkpoints=MemoryCheckpoints(),
        )

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """Read `PRINTAPIC_*`; what is not set is as in `embedded`. Raises `SettingsInvalid`."""
        return _from_environment(Variables(os.environ if variables is None else variables))

    @property
    def hosts(self) -> frozenset[str] | None:
        """The Host headers that are answered (RFC 9110, 7.2): our own, and what is listed.

        None, which is any, for a shop that only this machine reaches, by whatever name, and lists none.
        """
        own = urlsplit(self.public_url)
        if not self.allowed_hosts and self.mode is Mode.EMBEDDED and own.hostname in LOOPBACK:
            return None
        return frozenset(host.lower() for host in self.allowed_hosts) | {own.netloc.lower()}

    @property
    def origins(self) -> frozenset[str]:
        """Where a customer may be sent back to after paying: the shop itself, and what is listed."""
        return self.return_origins | {self.public_url}

    @property
    def staff_need_second_factor(self) -> bool:
        """Unless somebody decided otherwise, in production alone."""
        decided = self.staff_second_factor
        return self.mode is Mode.PRODUCTION if decided is None else decided

    @property
    def webhooks_kept(self) -> timedelta:
        """How long webhooks that were looked into are kept."""
        return timedelta(days=self.webhooks_kept_days)

    @property
    def simulated(self) -> SimulatedPayments | None:
        """The provider of our own, where it is one of those chosen."""
        return next((each for each in self.payments if isinstance(each, SimulatedPayments)), None)

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of a web front end that mails lead to."""
        return (self.verify_url, self.reset_url, self.email_url, self.revert_url, self.order_url)

    def check(self) -> None:
        """Raises `SettingsInvalid`, naming everything that a shop must not run with."""
        problems = [problem for is_wrong, problem in _RULES if is_wrong(self)]
        if self.mode is Mode.PRODUCTION:
            problems += [problem for is_wrong, problem in _PRODUCTION_RULES if is_wrong(self)]
        problems += payment_problems(self.payments, self.mode)
        if problems:
            raise SettingsInvalid(problems)


_HOST = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
Rule = tuple[Callable[[Settings], bool], str]


def _no_origin(url: str) -> bool:
    return _no_page(url) or url.count("/") != 2 or "?" in url or "#" in url or "@" in url


def _no_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        return True


_RULES: tuple[Rule, ...] = (
    (
        lambda s: isinstance(s.audit_checkpoints, S3Checkpoints) and s.audit_checkpoints.retention_days < 1,
        "PRINTAPIC_AUDIT_RETENTION_DAYS must be positive",
    ),
    (lambda s: _no_origin(s.public_url), "PRINTAPIC_PUBLIC_URL must be scheme://host[:port] without a path"),
    (
        lambda s: any(_no_origin(url) for url in s.return_origins | s.cors_origins),
        "PRINTAPIC_RETURN_ORIGINS and PRINTAPIC_CORS_ORIGINS are lists of scheme://host[:port]",
    ),
    (
        lambda s: not all(_HOST.fullmatch(host) for host in s.allowed_hosts),
        "PRINTAPIC_ALLOWED_HOSTS is a list of host[:port], without patterns",
    ),
    (lambda s: not 4 <= s.bcrypt_cost <= 14, "PRINTAPIC_BCRYPT_COST must be between 4 and 14"),
    (lambda s: s.max_upload_bytes < 1, "PRINTAPIC_MAX_UPLOAD_BYTES must be positive"),
    (lambda s: s.processes < 1, "PRINTAPIC_PROCESSES must be positive"),
    (
        # Providers deliver the same again for some days, and staff look back further than that.
        lambda s: not 7 <= s.webhooks_kept_days <= 3650,
        "PRINTAPIC_WEBHOOKS_KEPT_DAYS must be between 7 and 3650",
    ),
    (
        lambda s: any(network.prefixlen == 0 for network in s.trusted_proxies),
        "PRINTAPIC_TRUSTED_PROXIES must not be everybody",
    ),
    (lambda s: s.jobs.threads < 1, "PRINTAPIC_JOB_THREADS must be positive"),
    (
        lambda s: isinstance(s.mail, SmtpMail) and not 1 <= s.mail.port <= 65535,
        "PRINTAPIC_SMTP_PORT must be between 1 and 65535",
    ),
    (
        lambda s: "@" not in parseaddr(s.mail_sender)[1],
        "PRINTAPIC_MAIL_SENDER must be an address, or Name <address>",
    ),
    (
        lambda s: any(url and _no_page(url) for url in s.pages),
        "the pages PRINTAPIC_{VERIFY,RESET,EMAIL,REVERT,ORDER}_URL must be http(s) addresses",
    ),
    (
        lambda s: isinstance(s.jobs, ProcrastinateJobs) and not isinstance(s.storage, PostgresStorage),
        "PRINTAPIC_JOBS=procrastinate needs PostgreSQL in PRINTAPIC_DATABASE_URL",
    ),
)
_PRODUCTION_RULES: tuple[Rule, ...] = (
    (lambda s: not s.public_url.startswith("https://"), "PRINTAPIC_PUBLIC_URL must be https"),
    (lambda s: not isinstance(s.mail, SmtpMail), "PRINTAPIC_MAIL must be smtp"),
    (lambda s: isinstance(s.storage, MemoryStorage), "PRINTAPIC_DATABASE_URL must not be memory"),
    (lambda s: isinstance(s.images, MemoryImages), "PRINTAPIC_IMAGES must not be memory"),
    (
        lambda s: isinstance(s.audit_checkpoints, MemoryCheckpoints),
        "PRINTAPIC_AUDIT_CHECKPOINTS must not be memory",
    ),
    (lambda s: not s.keys_file.exists(), "PRINTAPIC_KEYS_FILE must name an existing key file"),
    (lambda s: s.bcrypt_cost < 10, "PRINTAPIC_BCRYPT_COST must be at least 10"),
    (lambda s: isinstance(s.throttling, NoThrottling), "PRINTAPIC_RATE_LIMITS must be on"),
    (
        lambda s: s.processes > 1 and isinstance(s.throttling, LocalThrottling),
        "PRINTAPIC_PROCESSES above 1 needs PRINTAPIC_REDIS_URL",
    ),
)


def _simulated(folder: Path) -> SimulatedPayments:
    return SimulatedPayments(books=folder / "simulated-payments.sqlite")


def _from_environment(variables: Variables) -> Settings:
    settings = Settings.embedded(
        variables.text("DATA") or "printapic-data",
        public_url=(variables.text("PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
    )
    mode = Mode.PRODUCTION if variables.choice("MODE", *Mode) == Mode.PRODUCTION else Mode.EMBEDDED
    settings = attrs.evolve(
        settings,
        mode=mode,
        storage=storage_choice(variables, settings.storage),
        images=images_choice(variables, settings.images),
        mail=mail_choice(variables, settings.mail),
        payments=payments_choice(variables, _simulated(settings.data)),
        manual_capture=variables.choice("CAPTURE", "automatic", "manual") == "manual",
        jobs=jobs_choice(variables),
        keys_file=Path(variables.text("KEYS_FILE") or settings.keys_file),
        audit_checkpoints=checkpoints_choice(variables, settings.audit_checkpoints),
        shop_name=variables.text("SHOP_NAME") or settings.shop_name,
        mail_sender=variables.text("MAIL_SENDER") or settings.mail_sender,
        verify_url=variables.text("VERIFY_URL") or "",
        reset_url=variables.text("RESET_URL") or "",
        email_url=variables.text("EMAIL_URL") or "",
        revert_url=variables.text("REVERT_URL") or "",
        order_url=variables.text("ORDER_URL") or "",
        return_origins=variables.origins("RETURN_ORIGINS"),
        cors_origins=variables.origins("CORS_ORIGINS"),
        allowed_hosts=variables.origins("ALLOWED_HOSTS"),
        staff_second_factor=_STAFF_MFA[variables.choice("STAFF_MFA", *_STAFF_MFA)],
        bcrypt_cost=variables.number("BCRYPT_COST", settings.bcrypt_cost),
        max_upload_bytes=variables.number("MAX_UPLOAD_BYTES", settings.max_upload_bytes),
        throttling=throttling_choice(variables),
        trusted_proxies=variables.networks("TRUSTED_PROXIES"),
        processes=variables.number("PROCESSES", settings.processes),
        refund_limit=variables.number("REFUND_LIMIT", 100),
        webhooks_kept_days=variables.number("WEBHOOKS_KEPT_DAYS", settings.webhooks_kept_days),
    )
    if variables.problems:
        raise SettingsInvalid(variables.problems)
    return settings
