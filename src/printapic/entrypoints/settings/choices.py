"""What can be chosen: one union type per choice, one class per alternative."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import attrs

from printapic.domain.errors import Invalid


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
class S3Bucket:
    """`endpoint` None is Amazon's own. `prefix` keeps several shops apart in one bucket."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: Secret | None = None


@attrs.frozen(kw_only=True)
class FolderImages:
    root: Path


@attrs.frozen(kw_only=True)
class S3Images(S3Bucket):
    pass


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


@attrs.frozen(kw_only=True)
class StripePayments:
    """Stripe's hosted Checkout. Whether real money moves is written in the key.

    Webhooks signed with any of `webhook_secrets` are believed: during a change there are two of them.
    `page_origins` are custom domains of the account's Checkout, beside Stripe's own.
    """

    secret_key: Secret
    webhook_secrets: tuple[Secret, ...] = ()
    api_url: str = "https://api.stripe.com"
    page_origins: frozenset[str] = frozenset()

    @property
    def livemode(self) -> bool:
        return self.secret_key.reveal().startswith(STRIPE_LIVE_KEYS)


STRIPE_LIVE_KEYS = ("sk_live_", "rk_live_")


@attrs.frozen(kw_only=True)
class PayPalPayments:
    """PayPal's orders. `webhook_ids` are what PayPal calls our webhooks, and signs their deliveries for.

    `intermediates` is a PEM file of certificates that may be missing behind the one PayPal signs with.
    """

    client_id: str
    client_secret: Secret
    sandbox: bool
    api_url: str
    webhook_ids: tuple[str, ...] = ()
    intermediates: Path | None = None

    @property
    def livemode(self) -> bool:
        return not self.sandbox


Payments = SimulatedPayments | StripePayments | PayPalPayments


@attrs.frozen(kw_only=True)
class InProcessJobs:
    threads: int = 2


@attrs.frozen(kw_only=True)
class ProcrastinateJobs:
    """Jobs in PostgreSQL, run by `printapic worker`."""

    threads: int = 4


Jobs = InProcessJobs | ProcrastinateJobs


@attrs.frozen(kw_only=True)
class RedisThrottling:
    """Attempts are counted for all processes together."""

    url: Secret


@attrs.frozen
class LocalThrottling:
    """Each process counts for itself, and gives its share of a limit."""


@attrs.frozen
class NoThrottling:
    """Nobody is ever held back: for measurements, and for tests of something else."""


Throttling = RedisThrottling | LocalThrottling | NoThrottling

Network = IPv4Network | IPv6Network
"""Where something is trusted to come from."""


@attrs.frozen(kw_only=True)
class FolderCheckpoints:
    folder: Path


@attrs.frozen(kw_only=True)
class S3Checkpoints(S3Bucket):
    """A bucket of its own, best one with object lock in another account, where these keys may not delete."""

    retention_days: int = 400


@attrs.frozen
class MemoryCheckpoints:
    pass


Checkpoints = FolderCheckpoints | S3Checkpoints | MemoryCheckpoints
"""Where the audit log's checkpoints are kept: outside the database that they watch."""
