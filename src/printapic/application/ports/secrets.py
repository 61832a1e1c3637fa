"""What second factors, machine clients and stored secrets need beside passwords and tokens."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.ids import ApiKeyId


class CommonPasswords(Protocol):
    """Passwords that attackers try first, known without asking anybody."""

    @abstractmethod
    def is_common(self, password: str) -> bool:
        """Whether this password, whatever its capitals, is on the list or only repeats what is on it.

        Expects the NFKC form, of any length.
        """


class SealBroken(ValueError):
    """The sealed text was changed, belongs to another context, or its key is gone. A bug or an attack."""


class Sealer(Protocol):
    """Keeps small secrets unreadable in the database, and tied to the place where they belong."""

    @abstractmethod
    def seal(self, plain: bytes, *, context: str) -> str:
        """Text that only `unseal` with the same `context` turns back; another one every time."""

    @abstractmethod
    def unseal(self, sealed: str, *, context: str) -> bytes:
        """Raises `SealBroken`."""


@attrs.frozen(kw_only=True)
class Enrolment:
    """What an authenticator app is shown: an `otpauth://` address, and the same as a QR code (SVG)."""

    uri: str = attrs.field(repr=False)
    qr_svg: str = attrs.field(repr=False)


class OneTimePasswords(Protocol):
    """Time-based one-time passwords (RFC 6238): 6 digits, 30 s, SHA-1, known to every app."""

    @abstractmethod
    def new_secret(self) -> str:
        """160 random bits in base 32 (RFC 4226, section 4)."""

    @abstractmethod
    def enrolment(self, secret: str, *, account: str) -> Enrolment:
        """How to put the secret into an app, under the shop's name and the account's."""

    @abstractmethod
    def step(self, secret: str, code: str, *, at: datetime) -> int | None:
        """The time step whose code this is, one step before or after `at` included; None for a wrong code.

        Any string is a valid question. The caller remembers the step, so that a code works once.
        """

    @abstractmethod
    def recovery_codes(self) -> tuple[str, ...]:
        """Ten codes of 80 random bits in lower-case base 32, grouped by hyphens for reading aloud."""


class ApiKeyMint(Protocol):
    """Makes API keys, `pap_<env>_<id>_<secret><checksum>`, which scanners for leaked keys know."""

    @abstractmethod
    def mint(self, key_id: ApiKeyId) -> str:
        """A new key with a 256-bit random secret; another one every time."""

    @abstractmethod
    def key_id(self, key: str) -> ApiKeyId | None:
        """Whose key this claims to be; None for what has another form or a wrong checksum."""
