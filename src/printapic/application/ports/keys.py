"""The life of the keys from which every secret of the shop is derived."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import attrs

from printapic.domain.errors import Conflict, NotFound

ROTATE_EVERY = timedelta(days=90)
PUBLISHED_FOR = timedelta(minutes=5)
"""How long others may keep the list of public keys: so long a key is shown before it signs."""


class KeyState(StrEnum):
    """`next` -> `active` -> `retiring` -> `retired`, and from each of them `revoked`."""

    NEXT = "next"
    """Published, and its tokens are taken, so that every process knows it before it signs."""
    ACTIVE = "active"
    """Signs."""
    RETIRING = "retiring"
    """Signs no more; tokens made under it are taken until the last of them has expired."""
    RETIRED = "retired"
    """Its tokens are refused. What was stored under it, sealed or chained, can still be read."""
    REVOKED = "revoked"
    """Leaked, or feared to be: as retired, from that moment on."""


@attrs.frozen(kw_only=True)
class KeyRecord:
    """What may be known of a key. `retire_at` tells when the last token made under it expires.

    Both times are None for a key of whose past nothing was written down.
    """

    kid: str
    state: KeyState
    created_at: datetime | None = None
    signs_since: datetime | None = None
    retire_at: datetime | None = None

    def overdue(self, *, at: datetime) -> bool:
        """Whether it is active, and has been for so long that it is time for the next one."""
        since = self.signs_since or self.created_at
        return self.state is KeyState.ACTIVE and (since is None or at >= since + ROTATE_EVERY)


class KeyNotFound(NotFound):
    code = "key-not-found"

    def __init__(self, kid: str) -> None:
        super().__init__("The ring has no key of this name.", kid=kid)


class NextKeyTooNew(Conflict):
    """The next key has not been published long enough to be known wherever tokens are checked."""

    code = "next-key-too-new"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__(
            f"The next key was published a moment ago. Rotate in {seconds} s, or at once if no other system "
            "checks the shop's tokens.",
            retry_after_s=seconds,
        )


class KeyRings(Protocol):
    """Administers the ring. What it changes, every process that uses the ring knows within about a second.

    Changes of several callers happen one after the other, none is lost, and a ring that was changed has
    been stored durably. No key is ever deleted: what was sealed under it would be lost.
    """

    @abstractmethod
    def list(self, *, at: datetime) -> tuple[KeyRecord, ...]:
        """Every key, the oldest first."""

    @abstractmethod
    def rotate(self, *, at: datetime, published_for: timedelta = PUBLISHED_FOR) -> KeyRecord:
        """Let the next key sign and the active one retire, and publish another next one; the new active key.

        A ring without a next key gets a new active one. Raises `NextKeyTooNew` where the next one has not
        been published for so long: of two callers at once one rotates.
        """

    @abstractmethod
    def revoke(self, kid: str, *, at: datetime) -> KeyRecord:
        """Refuse all tokens made under this key from now on; revoking twice changes nothing.

        The next key takes the place of an active one at once, and another is published. Raises
        `KeyNotFound`.
        """


class Secrets(Protocol):
    """Secrets of 32 bytes, one for each purpose and key, as they are now: ask each time, it is cheap.

    What clients present (cursors, links) is made under `active`, and taken while `serves` says so. What is
    stored (sealed text, audit entries) names its key and is read under it for ever.
    """

    @property
    @abstractmethod
    def active(self) -> str:
        """The name of the key that signs."""

    @abstractmethod
    def secret(self, purpose: str, kid: str | None = None) -> bytes:
        """The secret under the key named, in whatever state, or the active one. Raises `KeyError`.

        `purpose` is one of a few fixed words: secrets are remembered.
        """

    @abstractmethod
    def serves(self, kid: str, *, life: timedelta, at: datetime) -> bool:
        """Whether to take what was made under this key, if such things live for `life` at most."""
