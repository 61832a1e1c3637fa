"""Settings: everything that can be chosen, read from `PRINTAPIC_*` variables, one union type per choice.

A secret may stand in a file instead: `PRINTAPIC_SMTP_PASSWORD_FILE` for `PRINTAPIC_SMTP_PASSWORD`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import attrs

from printapic.domain.errors import Invalid

MEGABYTE = 1_000_000


class SettingsInvalid(Invalid):
    """The shop must not start like this. Every problem is named, no secret is."""

    code = "settings-invalid"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("These settings cannot be used: " + "; ".join(problems) + ".", problems=problems)
        self.problems = problems


class Mode(StrEnum):
    """`EMBEDDED` needs nothing running and sets itself up. `PRODUCTION` refuses whatever only simulates."""

    EMBEDDED = "embedded"
    PRODUCTION = "production"


@attrs.frozen
class Secret:
    """A value that is never shown: not in a repr, not in a log, not in an error."""

    _value: str = attrs.field(repr=False)

    def reveal(self) -> str:
        return self._value


@attrs.frozen(kw_only=True)
class SqliteStorage:
    path: Path

    @property
    def url(self) -> Secret:
        return Secret(f"sqlite:///{self.path}")


@attrs.frozen(kw_only=True)
class PostgresStorage:
    url: Secret


@attrs.frozen
class MemoryStorage:
    """Nothing survives the process: for tests."""


Storage = SqliteStorage | PostgresStorage | MemoryStorage


@attrs.frozen(kw_only=True)
class FolderImages:
    root: Path


@attrs.frozen(kw_only=True)
class S3Images:
    """`endpoint` None is Amazon's own. `prefix` keeps several shops apart in one bucket."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: Secret | None = None


@attrs.frozen
class MemoryImages:
    pass


Images = FolderImages | S3Images | MemoryImages


@attrs.frozen(kw_only=True)
class FolderMail:
    folder: Path


@attrs.frozen(kw_only=True)
class SmtpMail:
    """`security` is `tls`, `starttls` or `none`."""

    host: str
    port: int = 587
    username: str | None = None
    password: Secret | None = None
    security: str = "starttls"


@attrs.frozen
class ConsoleMail:
    pass


@attrs.frozen
class MemoryMail:
    pass


MailDelivery = FolderMail | SmtpMail | ConsoleMail | MemoryMail


@attrs.frozen(kw_only=True)
class SimulatedPayments:
    """A provider that moves no money. `books` None forgets everything with the process."""

    books: Path | None


Payments = SimulatedPayments


@attrs.frozen(kw_only=True)
class InProcessJobs:
    threads: int = 2


@attrs.frozen(kw_only=True)
class ProcrastinateJobs:
    """Jobs in PostgreSQL, run by `printapic worker`."""

    threads: int = 4


Jobs = InProcessJobs | ProcrastinateJobs


@attrs.frozen(kw_only=True)
class Settings:
    """One shop. `public_url` is where clients reach its API, without a path."""

    mode: Mode
    data: Path
    public_url: str
    storage: Storage
    images: Images
    mail: MailDelivery
    payments: Payments
    jobs: Jobs
    keys_file: Path
    shop_name: str = "PrintAPic"
    mail_sender: str = "PrintAPic <shop@printapic.example>"
    verify_url: str = ""
    order_url: str = ""
    return_origins: frozenset[str] = frozenset()
    cors_origins: frozenset[str] = frozenset()
    bcrypt_cost: int = 11
    max_upload_bytes: int = 50 * MEGABYTE

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
            payments=SimulatedPayments(books=folder / "simulated-payments.sqlite"),
            jobs=InProcessJobs(),
            keys_file=folder / "keys.json",
        )

    @classmethod
    def memory(cls, data: Path | str) -> Self:
        """Nothing but the keys touches the disk: for tests of programs that embed a shop."""
        return attrs.evolve(
            cls.embedded(data),
            storage=MemoryStorage(),
            images=MemoryImages(),
            mail=MemoryMail(),
            payments=SimulatedPayments(books=None),
        )

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """Read `PRINTAPIC_*`; what is not set is as in `embedded`. Raises `SettingsInvalid`."""
        return _from_environment(_Variables(os.environ if variables is None else variables))

    @property
    def origins(self) -> frozenset[str]:
        """Where a customer may be sent back to after paying: the shop itself, and what is listed."""
        return self.return_origins | {self.public_url}

    def check(self) -> None:
        """Raises `SettingsInvalid`, naming everything that a shop must not run with."""
        problems = [problem for is_wrong, problem in _RULES if is_wrong(self)]
        if self.mode is Mode.PRODUCTION:
            problems += [problem for is_wrong, problem in _PRODUCTION_RULES if is_wrong(self)]
        if problems:
            raise SettingsInvalid(problems)


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
    (lambda s: _no_origin(s.public_url), "PRINTAPIC_PUBLIC_URL must be scheme://host[:port] without a path"),
    (
        lambda s: any(_no_origin(url) for url in s.return_origins | s.cors_origins),
        "PRINTAPIC_RETURN_ORIGINS and PRINTAPIC_CORS_ORIGINS are lists of scheme://host[:port]",
    ),
    (lambda s: not 4 <= s.bcrypt_cost <= 14, "PRINTAPIC_BCRYPT_COST must be between 4 and 14"),
    (lambda s: s.max_upload_bytes < 1, "PRINTAPIC_MAX_UPLOAD_BYTES must be positive"),
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
        lambda s: any(url and _no_page(url) for url in (s.verify_url, s.order_url)),
        "PRINTAPIC_VERIFY_URL and PRINTAPIC_ORDER_URL must be http(s) addresses",
    ),
    (
        lambda s: isinstance(s.jobs, ProcrastinateJobs) and not isinstance(s.storage, PostgresStorage),
        "PRINTAPIC_JOBS=procrastinate needs PostgreSQL in PRINTAPIC_DATABASE_URL",
    ),
)
_PRODUCTION_RULES: tuple[Rule, ...] = (
    (lambda s: not s.public_url.startswith("https://"), "PRINTAPIC_PUBLIC_URL must be https"),
    (lambda s: isinstance(s.payments, SimulatedPayments), "PRINTAPIC_PAYMENTS must not be simulated"),
    (lambda s: not isinstance(s.mail, SmtpMail), "PRINTAPIC_MAIL must be smtp"),
    (lambda s: isinstance(s.storage, MemoryStorage), "PRINTAPIC_DATABASE_URL must not be memory"),
    (lambda s: isinstance(s.images, MemoryImages), "PRINTAPIC_IMAGES must not be memory"),
    (lambda s: not s.keys_file.exists(), "PRINTAPIC_KEYS_FILE must name an existing key file"),
    (lambda s: s.bcrypt_cost < 10, "PRINTAPIC_BCRYPT_COST must be at least 10"),
)


class _Variables:
    """The environment, with the `_FILE` form of each variable, collecting what is wrong with it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._variables.get(f"PRINTAPIC_{name}")
        path = self._variables.get(f"PRINTAPIC_{name}_FILE")
        if value is None and path is not None:
            try:
                value = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                self.problems.append(f"PRINTAPIC_{name}_FILE cannot be read")
        return value or None

    def secret(self, name: str) -> Secret | None:
        value = self.text(name)
        return None if value is None else Secret(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            self.problems.append(f"PRINTAPIC_{name} is missing")
        return value or ""

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit():
            self.problems.append(f"PRINTAPIC_{name} must be a whole number")
            return default
        return int(value)

    def choice(self, name: str, *choices: str) -> str:
        """One of `choices`, the first of which is the default."""
        value = self.text(name) or choices[0]
        if value not in choices:
            self.problems.append(f"PRINTAPIC_{name} must be one of {', '.join(choices)}")
        return value

    def origins(self, name: str) -> frozenset[str]:
        return frozenset((self.text(name) or "").replace(",", " ").split())


def _from_environment(variables: _Variables) -> Settings:
    settings = Settings.embedded(
        variables.text("DATA") or "printapic-data",
        public_url=(variables.text("PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
    )
    settings = attrs.evolve(
        settings,
        mode=Mode.PRODUCTION if variables.choice("MODE", *Mode) == Mode.PRODUCTION else Mode.EMBEDDED,
        storage=_storage(variables, settings),
        images=_images(variables, settings),
        mail=_mail(variables, settings),
        jobs=_jobs(variables),
        keys_file=Path(variables.text("KEYS_FILE") or settings.keys_file),
        shop_name=variables.text("SHOP_NAME") or settings.shop_name,
        mail_sender=variables.text("MAIL_SENDER") or settings.mail_sender,
        verify_url=variables.text("VERIFY_URL") or "",
        order_url=variables.text("ORDER_URL") or "",
        return_origins=variables.origins("RETURN_ORIGINS"),
        cors_origins=variables.origins("CORS_ORIGINS"),
        bcrypt_cost=variables.number("BCRYPT_COST", settings.bcrypt_cost),
        max_upload_bytes=variables.number("MAX_UPLOAD_BYTES", settings.max_upload_bytes),
    )
    variables.choice("PAYMENTS", "simulated")
    if variables.problems:
        raise SettingsInvalid(variables.problems)
    return settings


def _storage(variables: _Variables, embedded: Settings) -> Storage:
    url = variables.text("DATABASE_URL")
    if url is None:
        return embedded.storage
    if url == "memory":
        return MemoryStorage()
    if url.startswith("sqlite:///") and url != "sqlite:///":
        return SqliteStorage(path=Path(url.removeprefix("sqlite:///")).absolute())
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresStorage(url=Secret(url.replace("postgres://", "postgresql://", 1)))
    variables.problems.append("PRINTAPIC_DATABASE_URL must be postgresql://..., sqlite:///FILE or memory")
    return embedded.storage


def _images(variables: _Variables, embedded: Settings) -> Images:
    match variables.choice("IMAGES", "folder", "s3", "memory"):
        case "s3":
            return S3Images(
                bucket=variables.required("S3_BUCKET"),
                prefix=variables.text("S3_PREFIX") or "",
                endpoint=variables.text("S3_ENDPOINT"),
                region=variables.text("S3_REGION") or "us-east-1",
                access_key=variables.text("S3_ACCESS_KEY"),
                secret_key=variables.secret("S3_SECRET_KEY"),
            )
        case "memory":
            return MemoryImages()
    folder = variables.text("IMAGES_FOLDER")
    return FolderImages(root=Path(folder).absolute()) if folder else embedded.images


def _mail(variables: _Variables, embedded: Settings) -> MailDelivery:
    match variables.choice("MAIL", "folder", "smtp", "console", "memory"):
        case "smtp":
            return SmtpMail(
                host=variables.required("SMTP_HOST"),
                port=variables.number("SMTP_PORT", 587),
                username=variables.text("SMTP_USERNAME"),
                password=variables.secret("SMTP_PASSWORD"),
                security=variables.choice("SMTP_SECURITY", "starttls", "tls", "none"),
            )
        case "console":
            return ConsoleMail()
        case "memory":
            return MemoryMail()
    return embedded.mail


def _jobs(variables: _Variables) -> Jobs:
    if variables.choice("JOBS", "in-process", "procrastinate") == "procrastinate":
        return ProcrastinateJobs(threads=variables.number("JOB_THREADS", 4))
    return InProcessJobs(threads=variables.number("JOB_THREADS", 2))
