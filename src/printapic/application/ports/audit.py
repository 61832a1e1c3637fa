"""What the audit log needs: a place in the transaction, keys, and a place outside the database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.audit.chain import ChainHead
from printapic.domain.audit.entry import AuditEntry, AuditRecord, DamagedEntry
from printapic.domain.audit.event import AuditEvent, AuditStream
from printapic.domain.errors import Unavailable
from printapic.domain.ids import UserId


class AuditLogDamaged(Unavailable):
    """A stored row cannot even be read. Verifying the log tells which and what else is wrong."""

    code = "audit-log-damaged"

    def __init__(self) -> None:
        super().__init__("A part of the audit log cannot be read. It must be verified.")


class UnknownSealKey(LookupError):
    """No key of this name is in the ring, or no more."""


class CheckpointsUnavailable(Unavailable):
    """The place of the checkpoints does not answer, or has no room. The log itself goes on."""

    code = "audit-checkpoints-unavailable"

    def __init__(self) -> None:
        super().__init__("The audit log's checkpoints cannot be reached at the moment.")


class AuditSeal(Protocol):
    """Seals entries and checkpoints under keys that the database does not know (HMAC-SHA256)."""

    @property
    @abstractmethod
    def key_id(self) -> str:
        """The name of the key that seals now."""

    @abstractmethod
    def mac(self, message: bytes, key_id: str) -> str:
        """The seal of a message, 64 hexadecimal digits. Raises `UnknownSealKey`."""


class SubjectCipher(Protocol):
    """Keeps personal data readable only as long as its subject's data key exists.

    A data key is stored wrapped: it is of no use without the ring, and the ring of none without it. Both
    methods that take a wrapped key raise `SealBroken` for one that was changed, belongs to another user, or
    whose own key is no longer in the ring.
    """

    @abstractmethod
    def new_key(self, user_id: UserId) -> str:
        """A new random data key for this subject, wrapped."""

    @abstractmethod
    def encrypt(self, plain: bytes, *, user_id: UserId, wrapped_key: str) -> str:
        """Text that only `decrypt` with the same data key turns back; another one every time."""

    @abstractmethod
    def decrypt(self, sealed: str, *, user_id: UserId, wrapped_key: str) -> bytes:
        """Raises `SealBroken` for a text that was changed, too."""


@attrs.frozen(kw_only=True)
class AuditPosition:
    """Where a page of the log ends: the next one begins with what is older than this entry."""

    at: datetime
    stream: str
    sequence: int


@attrs.frozen(kw_only=True)
class AuditQuery:
    """Which entries are wanted; None is any."""

    stream: AuditStream | None = None
    action: str | None = None
    actor_id: UserId | None = None
    subject_id: UserId | None = None


class AuditLog(Protocol):
    """The log inside a unit of work. An entry and what it tells of are stored together, or neither is.

    Entries can be added and read, never changed. Writers of one stream take turns, from `commit` of the
    unit of work until it is over.
    """

    @abstractmethod
    def append(self, event: AuditEvent) -> None:
        """Put an entry at the end of its stream's chain when the unit commits.

        The caller's address and device are sealed at once under the data key of the subject (else of the
        actor), which is made on first use; the coarse network alone is kept where there is neither, and
        nothing where they were forgotten. Raises `RuntimeError` in a unit that only reads.
        """

    @abstractmethod
    def forget(self, user_id: UserId) -> None:
        """Destroy the key under which this subject's personal parts lie, for good. The chain stays valid.

        Repeating it changes nothing, and no new key is ever made for this subject.
        """

    @abstractmethod
    def page(self, query: AuditQuery, *, before: AuditPosition | None, limit: int) -> tuple[AuditRecord, ...]:
        """Entries, newest first. Raises `AuditLogDamaged` where a row cannot be read."""

    @abstractmethod
    def streams(self) -> tuple[str, ...]:
        """The names of all streams that hold anything, the ones that should not be there included."""

    @abstractmethod
    def head(self, stream: str) -> ChainHead:
        """The end of a stream's chain; number 0 of an empty one."""

    @abstractmethod
    def chain(self, stream: str, *, since: int | None, limit: int) -> tuple[AuditEntry | DamagedEntry, ...]:
        """Rows of a stream in the order of their numbers, from number `since` on, itself included.

        None begins before every number, for rows may have numbers that they should not have.
        """


class AuditCheckpoints(Protocol):
    """Where checkpoints are kept: outside the database, so that who rewrites that cannot rewrite these too.

    Both methods raise `CheckpointsUnavailable`.
    """

    @abstractmethod
    def append(self, text: str, *, at: datetime) -> None:
        """Keep one line for good, before returning; `at` says from when it is.

        A process that is killed on the way leaves the whole line or nothing. Any number may do it at once.
        """

    @abstractmethod
    def all(self) -> Iterator[str]:
        """Every line, the oldest first, read as they are asked for."""
