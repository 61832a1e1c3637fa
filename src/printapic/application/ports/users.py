"""What accounts need: repositories, a password hasher and the makers of tokens."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.errors import Conflict, Unavailable
from printapic.domain.ids import AccountRequestId, ApiKeyId, RegistrationId, SessionId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.api_key import ApiKey
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.session import Session, SessionEnd
from printapic.domain.users.user import Registration, User


class EmailTaken(Conflict):
    code = "email-taken"

    def __init__(self) -> None:
        super().__init__("There is an account with this address already.")


class HasherBusy(Unavailable):
    """More passwords are waiting to be checked than the shop can check soon."""

    code = "login-busy"

    def __init__(self) -> None:
        super().__init__("Too many people are logging in right now. Please try again in a moment.")


class UserRepository(Protocol):
    @abstractmethod
    def add(self, user: User) -> None:
        """Raises `EmailTaken` where another user has the same `email.key`."""

    @abstractmethod
    def get(self, user_id: UserId) -> User:
        """Raises `UserNotFound`."""

    @abstractmethod
    def by_email(self, key: str) -> User | None: ...

    @abstractmethod
    def password_hash(self, key: str) -> str | None:
        """The hash of the user whose address has this key, and nothing else of them.

        To be asked before a password is checked: to make a user from their row takes a time by which
        somebody who counts can tell that there is one.
        """

    @abstractmethod
    def save(self, user: User) -> None: ...

    @abstractmethod
    def all(self, *, after: UserId | None, limit: int, containing: str | None = None) -> tuple[User, ...]:
        """Users in the order of their ids, beginning behind `after`.

        `containing` leaves only those whose address or name contains it, whatever its capitals.
        """

    @abstractmethod
    def administrators(self) -> tuple[User, ...]:
        """Every administrator who is not disabled; in a writing unit they are locked, by their ids."""

    @abstractmethod
    def leaving(self, *, after: UserId | None, limit: int) -> tuple[UserId, ...]:
        """Users whose erasure was asked for and has not happened, by their ids, beginning behind `after`."""

    @abstractmethod
    def hash_samples(self) -> tuple[str, ...]:
        """Stored password hashes, at least one of each scheme and cost. Looks at all users: for the start."""


class RegistrationRepository(Protocol):
    """Wishes for accounts. Any number may exist for one address."""

    @abstractmethod
    def add(self, registration: Registration) -> None: ...

    @abstractmethod
    def get(self, registration_id: RegistrationId) -> Registration | None: ...

    @abstractmethod
    def by_token(self, token_sha256: str) -> Registration | None: ...

    @abstractmethod
    def pending(self, email_key: str, *, at: datetime) -> Registration | None:
        """The newest for this address that can still be redeemed."""

    @abstractmethod
    def save(self, registration: Registration) -> None: ...

    @abstractmethod
    def of_addresses(self, email_keys: frozenset[str]) -> tuple[Registration, ...]:
        """All for these addresses, redeemed or not, the oldest first."""

    @abstractmethod
    def forget(self, registration_ids: frozenset[RegistrationId]) -> None: ...

    @abstractmethod
    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove up to `limit` of those that expired before; how many."""


class AccountRequestRepository(Protocol):
    @abstractmethod
    def add(self, request: AccountRequest) -> None: ...

    @abstractmethod
    def get(self, request_id: AccountRequestId) -> AccountRequest | None: ...

    @abstractmethod
    def by_token(self, token_sha256: str) -> AccountRequest | None: ...

    @abstractmethod
    def save(self, request: AccountRequest) -> None: ...

    @abstractmethod
    def withdraw_all(
        self,
        user_id: UserId,
        kinds: frozenset[RequestKind],
        *,
        at: datetime,
        since: datetime | None = None,
    ) -> int:
        """Make a user's open tokens worthless, or those asked for `since`; how many. One statement."""

    @abstractmethod
    def of_user(self, user_id: UserId, email_keys: frozenset[str]) -> tuple[AccountRequest, ...]:
        """What a user asked for, the oldest first.

        With it comes what a stranger, who may have been this user, asked for in the name of these addresses.
        """

    @abstractmethod
    def forget(self, request_ids: frozenset[AccountRequestId]) -> None: ...

    @abstractmethod
    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove up to `limit` of those that expired before; how many."""


class SecondFactorRepository(Protocol):
    """At most one second factor for each user, under the user's id."""

    @abstractmethod
    def add(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate` where the user has one."""

    @abstractmethod
    def get(self, user_id: UserId) -> SecondFactor | None: ...

    @abstractmethod
    def save(self, factor: SecondFactor) -> None: ...

    @abstractmethod
    def remove(self, factor: SecondFactor) -> None:
        """Forget it, and hand over its events. Raises `ConcurrentUpdate`."""


class ApiKeyRepository(Protocol):
    @abstractmethod
    def add(self, key: ApiKey) -> None: ...

    @abstractmethod
    def get(self, key_id: ApiKeyId) -> ApiKey:
        """Raises `ApiKeyNotFound`."""

    @abstractmethod
    def with_owner(self, key_id: ApiKeyId) -> tuple[ApiKey, User] | None:
        """The key and who answers for it, in one round trip: asked on every request."""

    @abstractmethod
    def save(self, key: ApiKey) -> None: ...

    @abstractmethod
    def all(self, *, before: ApiKeyId | None, limit: int) -> tuple[ApiKey, ...]:
        """Keys, newest first, beginning behind `before`; expired and revoked ones too."""

    @abstractmethod
    def of_owner(self, owner_id: UserId) -> tuple[ApiKey, ...]:
        """Everything this user ever issued, the oldest first."""

    @abstractmethod
    def forget(self, owner_id: UserId) -> None:
        """Remove all keys of a user, whose account is erased."""


class SessionRepository(Protocol):
    @abstractmethod
    def add(self, session: Session) -> None: ...

    @abstractmethod
    def get(self, session_id: SessionId) -> Session | None: ...

    @abstractmethod
    def with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """The session and its user, in one round trip: asked on every request."""

    @abstractmethod
    def save(self, session: Session) -> None: ...

    @abstractmethod
    def live(self, user_id: UserId, *, at: datetime, limit: int = 100) -> tuple[Session, ...]:
        """A user's live sessions, the newest login first."""

    @abstractmethod
    def end_all(
        self, user_id: UserId, reason: SessionEnd, *, at: datetime, keep: SessionId | None = None
    ) -> int:
        """End every session of a user that has not ended, but for `keep`; how many. One statement."""

    @abstractmethod
    def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """All that are stored, ended ones too, the oldest login first."""

    @abstractmethod
    def forget(self, user_id: UserId) -> None:
        """Remove all sessions of a user, whose account is erased."""

    @abstractmethod
    def purge(self, *, over_before: datetime, limit: int) -> int:
        """Remove up to `limit` of those that ended or expired before; how many."""


class PasswordHasher(Protocol):
    """Hashes passwords so that a stolen database gives none of them away.

    Any string is a valid question: NUL bytes, 10,000 characters or lone surrogates are "wrong
    password" after the same work as any other wrong password. `hash` and `verify` raise `HasherBusy`
    when the queue is full.
    """

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many may be asking for a `hash` or `verify` at a time; one more is `HasherBusy`."""

    @abstractmethod
    def hash(self, password: str) -> str: ...

    @abstractmethod
    def verify(self, password: str, password_hash: str | None) -> bool:
        """False for None, which costs as much as a real hash: it stands for an unknown account."""

    @abstractmethod
    def expect(self, password_hash: str) -> None:
        """A hash like this one is stored: from now on a refusal costs no less than its refusal.

        What is no hash of a known kind changes nothing. Costs hardly any time.
        """

    @abstractmethod
    def needs_upgrade(self, password_hash: str) -> bool:
        """Whether this hash is of another scheme or cost than new ones, dearer ones and garbage included."""

    @abstractmethod
    def upgrade(self, password: str, then: Callable[[str], None]) -> None:
        """Hash a password that was right anew, when there is time, and hand `then` the new hash.

        Returns at once and raises nothing: `then` is called in another thread, and what it raises is
        logged without the password. What does not fit into the queue, comes after the shop was closed or
        could be nobody's password is dropped; the next login asks again. Passwords are kept in memory
        alone, and only until it is their turn.
        """


@attrs.frozen
class AccessClaims:
    """What a verified access token says. `generation` is that of the refresh token it was issued with."""

    user_id: UserId
    session_id: SessionId
    generation: int
    expires_at: datetime


@attrs.frozen(kw_only=True)
class PublicKey:
    """An Ed25519 public key (RFC 8032) of 32 bytes, with which anybody may check access tokens."""

    kid: str
    key: bytes


class TokenIssuer(Protocol):
    """Makes and checks the tokens that clients carry.

    A rotated key goes on being good for what was made under it; a revoked one is refused at once.
    """

    @abstractmethod
    def access_token(
        self, user_id: UserId, session_id: SessionId, generation: int, *, at: datetime
    ) -> tuple[str, int]:
        """A signed token and its lifetime in seconds. `generation` is at least 1."""

    @abstractmethod
    def read_access_token(self, token: str, *, at: datetime) -> AccessClaims:
        """Raises `SessionInvalid` for anything but an unexpired token of our own making."""

    @abstractmethod
    def refresh_token(self, session_id: SessionId, generation: int) -> str:
        """The opaque refresh token of one generation of a session.

        Always the same one between two rotations of the keys. Across a rotation it is another text that
        means the same, and both are read.
        """

    @abstractmethod
    def read_refresh_token(self, token: str) -> tuple[SessionId, int]:
        """Raises `SessionInvalid` for anything but a token of our own making."""

    @abstractmethod
    def pseudonym(self, purpose: str, text: str) -> str:
        """43 characters that stand for `text` and do not give it away, the same each time.

        Another active key makes another pseudonym: counters begin anew, known devices are forgotten, and
        entries of the audit log about one stranger are no longer seen to be about the same one.
        """

    @abstractmethod
    def mail_token(self, purpose: str, subject: str) -> str:
        """A 256-bit token for a mailed link; always the same one for the same purpose and subject.

        Being derived from a secret it can be mailed again after a crash; only its SHA-256 is stored. It
        changes by no rotation, since the oldest key that still serves makes it; only where that key retires,
        a month after its rotation, or is revoked: mails already sent stay good, as their SHA-256 is stored.
        """

    @abstractmethod
    def public_keys(self) -> tuple[PublicKey, ...]:
        """The keys whose access tokens are taken, the next one included, the oldest first."""
