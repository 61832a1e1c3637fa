"""The environment: `PRINTAPIC_*` variables, read as the choices that they name.

Each may stand in a file instead: `PRINTAPIC_SMTP_PASSWORD_FILE` for `PRINTAPIC_SMTP_PASSWORD`. The file of
a secret must be its owner's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from printapic.entrypoints.settings.choices import (
    Checkpoints,
    ConsoleMail,
    FolderImages,
    Images,
    InProcessJobs,
    Jobs,
    LocalThrottling,
    MailDelivery,
    MemoryCheckpoints,
    MemoryImages,
    MemoryMail,
    MemoryStorage,
    Network,
    NoThrottling,
    PostgresStorage,
    ProcrastinateJobs,
    RedisThrottling,
    S3Checkpoints,
    S3Images,
    Secret,
    SmtpMail,
    SqliteStorage,
    Storage,
    Throttling,
)

Value = TypeVar("Value")
_PREFIX = "PRINTAPIC_"
_FILE = "_FILE"
KNOWN = frozenset(
    {
        "ALLOWED_HOSTS",
        "AUDIT_CHECKPOINTS",
        "AUDIT_RETENTION_DAYS",
        "AUDIT_S3_ACCESS_KEY",
        "AUDIT_S3_BUCKET",
        "AUDIT_S3_ENDPOINT",
        "AUDIT_S3_PREFIX",
        "AUDIT_S3_REGION",
        "AUDIT_S3_SECRET_KEY",
        "BCRYPT_COST",
        "CAPTURE",
        "CORS_ORIGINS",
        "DATA",
        "DATABASE_URL",
        "IMAGES",
        "IMAGES_FOLDER",
        "JOBS",
        "JOB_THREADS",
        "KEYS_FILE",
        "MAIL",
        "MAIL_SENDER",
        "MAX_UPLOAD_BYTES",
        "MODE",
        "ORDER_URL",
        "RESET_URL",
        "EMAIL_URL",
        "REVERT_URL",
        "STAFF_MFA",
        "PAYMENTS",
        "PAYPAL_API_URL",
        "PAYPAL_CLIENT_ID",
        "PAYPAL_CLIENT_SECRET",
        "PAYPAL_ENVIRONMENT",
        "PAYPAL_INTERMEDIATES",
        "PAYPAL_WEBHOOK_IDS",
        "STRIPE_API_URL",
        "STRIPE_PAGE_ORIGINS",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRETS",
        "PROCESSES",
        "REFUND_LIMIT",
        "PUBLIC_URL",
        "RATE_LIMITS",
        "REDIS_URL",
        "RETURN_ORIGINS",
        "S3_ACCESS_KEY",
        "S3_BUCKET",
        "S3_ENDPOINT",
        "S3_PREFIX",
        "S3_REGION",
        "S3_SECRET_KEY",
        "SHOP_NAME",
        "SMTP_HOST",
        "SMTP_PASSWORD",
        "SMTP_PORT",
        "SMTP_SECURITY",
        "SMTP_USERNAME",
        "TRUSTED_PROXIES",
        "VERIFY_URL",
        "WEBHOOKS_KEPT_DAYS",
    }
)
"""Every variable that a shop may be set up by, whatever else is chosen, without the prefix."""
_OF_TESTS = ("PRINTAPIC_TEST_", "PRINTAPIC_CHAOS_", "PRINTAPIC_PHOTOS", "PRINTAPIC_CONTRACTS")


class Variables:
    """The environment, with the `_FILE` form of each variable, collecting what is wrong with it.

    A name that nobody reads is wrong as well: a misspelt one would leave a default in force unseen.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems = list(_misspelt(variables))

    def text(self, name: str) -> str | None:
        """The value, None where it is empty or not set. Raises `LookupError` for a name not in `KNOWN`."""
        if name not in KNOWN:
            raise LookupError(f"list {name} in KNOWN: who sets it would be told that it does not exist")
        value = self._variables.get(f"PRINTAPIC_{name}")
        path = self._variables.get(f"PRINTAPIC_{name}_FILE")
        if not value and path is not None:
            value = self._content(name, path)
        return value or None

    def secret(self, name: str) -> Secret | None:
        """As `text`, from a variable or a file that nobody else may read: of two, one would be forgotten."""
        path = self._variables.get(f"PRINTAPIC_{name}_FILE")
        if path is not None:
            if self._variables.get(f"PRINTAPIC_{name}"):
                self.problems.append(f"PRINTAPIC_{name} and PRINTAPIC_{name}_FILE must not both be set")
            if _is_open(path):
                self.problems.append(f"PRINTAPIC_{name}_FILE must be readable by its owner alone")
        value = self.text(name)
        return None if value is None else Secret(value)

    def secrets(self, name: str) -> tuple[Secret, ...]:
        """A list, with commas or white space between."""
        given = self.secret(name)
        return tuple(Secret(each) for each in _listed(given.reveal())) if given else ()

    def required(self, name: str) -> str:
        return self._there(name, self.text(name)) or ""

    def required_secret(self, name: str) -> Secret:
        return self._there(name, self.secret(name)) or Secret("")

    def _there(self, name: str, value: Value | None) -> Value | None:
        if value is None:
            self.problems.append(f"PRINTAPIC_{name} is missing")
        return value

    def _content(self, name: str, path: str) -> str:
        try:
            return Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"PRINTAPIC_{name}_FILE cannot be read")
            return ""

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

    def listed(self, name: str) -> tuple[str, ...]:
        """With commas or white space between, in their order."""
        return _listed(self.text(name) or "")

    def origins(self, name: str) -> frozenset[str]:
        return frozenset(self.listed(name))

    def networks(self, name: str) -> frozenset[Network]:
        try:
            return frozenset(ip_network(each) for each in self.origins(name))
        except ValueError:
            self.problems.append(f"PRINTAPIC_{name} is a list of addresses and networks, as in 10.0.0.0/8")
            return frozenset()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _is_open(path: str) -> bool:
    """Whether others than its owner may do anything with the file. What cannot be read is said elsewhere."""
    try:
        return bool(Path(path).stat().st_mode & 0o077)
    except (OSError, ValueError):
        return False


def _misspelt(variables: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each `PRINTAPIC_*` variable that nobody reads. Values are never shown."""
    names = {_PREFIX + name for name in KNOWN}
    for given in sorted(variables):
        if not given.startswith(_PREFIX) or given.startswith(_OF_TESTS):
            continue
        if given in names or given.removesuffix(_FILE) in names:
            continue
        nearest = get_close_matches(given, sorted(names), n=1)
        hint = f", perhaps {nearest[0]} was meant" if nearest else ""
        yield f"{given} is no setting{hint}"


def storage_choice(variables: Variables, default: Storage) -> Storage:
    given = variables.secret("DATABASE_URL")
    if given is None:
        return default
    url = given.reveal()
    if url == "memory":
        return MemoryStorage()
    if url.startswith("sqlite:///") and url != "sqlite:///":
        return SqliteStorage(path=Path(url.removeprefix("sqlite:///")).absolute())
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresStorage(url=Secret(url.replace("postgres://", "postgresql://", 1)))
    variables.problems.append("PRINTAPIC_DATABASE_URL must be postgresql://..., sqlite:///FILE or memory")
    return default


def _bucket(variables: Variables, which: str) -> dict[str, Any]:
    return {
        "bucket": variables.required(f"{which}_BUCKET"),
        "prefix": variables.text(f"{which}_PREFIX") or "",
        "endpoint": variables.text(f"{which}_ENDPOINT"),
        "region": variables.text(f"{which}_REGION") or "us-east-1",
        "access_key": variables.text(f"{which}_ACCESS_KEY"),
        "secret_key": variables.secret(f"{which}_SECRET_KEY"),
    }


def images_choice(variables: Variables, default: Images) -> Images:
    match variables.choice("IMAGES", "folder", "s3", "memory"):
        case "s3":
            return S3Images(**_bucket(variables, "S3"))
        case "memory":
            return MemoryImages()
    folder = variables.text("IMAGES_FOLDER")
    return FolderImages(root=Path(folder).absolute()) if folder else default


def checkpoints_choice(variables: Variables, default: Checkpoints) -> Checkpoints:
    match variables.choice("AUDIT_CHECKPOINTS", "folder", "s3", "memory"):
        case "s3":
            retention_days = variables.number("AUDIT_RETENTION_DAYS", 400)
            return S3Checkpoints(**_bucket(variables, "AUDIT_S3"), retention_days=retention_days)
        case "memory":
            return MemoryCheckpoints()
    return default


def mail_choice(variables: Variables, default: MailDelivery) -> MailDelivery:
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
    return default


def jobs_choice(variables: Variables) -> Jobs:
    if variables.choice("JOBS", "in-process", "procrastinate") == "procrastinate":
        return ProcrastinateJobs(threads=variables.number("JOB_THREADS", 4))
    return InProcessJobs(threads=variables.number("JOB_THREADS", 2))


def throttling_choice(variables: Variables) -> Throttling:
    url = variables.secret("REDIS_URL")
    if url is not None and not _is_redis(url.reveal()):
        variables.problems.append(
            "PRINTAPIC_REDIS_URL must be redis[s]://[user:password@]host[:port][/number]"
        )
    if variables.choice("RATE_LIMITS", "on", "off") == "off":
        return NoThrottling()
    return LocalThrottling() if url is None else RedisThrottling(url=url)


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("redis", "rediss") and parts.port != 0
    except ValueError:
        return False
    number = parts.path.removeprefix("/")
    plain = not parts.query and not parts.fragment
    return known and plain and bool(parts.hostname) and (not number or number.isdecimal())
