"""Requests by mail, second factors and API keys in memory."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.users import (
    AccountRequestRepository,
    ApiKeyRepository,
    SecondFactorRepository,
)
from printapic.domain.ids import AccountRequestId, ApiKeyId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.api_key import ApiKey, ApiKeyNotFound
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.user import User


class MemoryAccountRequestRepository(AccountRequestRepository):
    """Requests by id and by the SHA-256 of their token."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, request: AccountRequest) -> None:
        """Store what somebody asked for."""
        self._transaction.add("account_requests", request, request.id)

    def get(self, request_id: AccountRequestId) -> AccountRequest | None:
        """The request."""
        found: AccountRequest | None = self._transaction.find("account_requests", request_id)
        return found

    def by_token(self, token_sha256: str) -> AccountRequest | None:
        """The request whose token has this SHA-256."""
        rows: list[AccountRequest] = list(self._transaction.table("account_requests").values())
        return next((copy_of(each) for each in rows if each.token_sha256 == token_sha256), None)

    def save(self, request: AccountRequest) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("account_requests", request, request.id)

    def withdraw_all(
        self,
        user_id: UserId,
        kinds: frozenset[RequestKind],
        *,
        at: datetime,
        since: datetime | None = None,
    ) -> int:
        """Withdraw them one by one: there is no other writer."""
        rows: list[AccountRequest] = list(self._transaction.table("account_requests").values())
        open_ones = [
            each
            for each in rows
            if each.user_id == user_id
            and each.kind in kinds
            and each.used_at is None
            and (since is None or each.created_at >= since)
        ]
        for request in map(copy_of, open_ones):
            request.withdraw(at=at)
            self.save(request)
        return len(open_ones)

    def of_user(self, user_id: UserId, email_keys: frozenset[str]) -> tuple[AccountRequest, ...]:
        """The oldest first."""
        rows: list[AccountRequest] = list(self._transaction.table("account_requests").values())
        return tuple(
            copy_of(each)
            for each in sorted(rows, key=attrgetter("id"))
            if each.user_id == user_id or (each.user_id is None and each.email.key in email_keys)
        )

    def forget(self, request_ids: frozenset[AccountRequestId]) -> None:
        """Remove them."""
        self._transaction.drop("account_requests", lambda each: each.id in request_ids)

    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove old ones."""
        return self._transaction.drop(
            "account_requests", lambda each: each.expires_at < expired_before, limit=limit
        )


class MemorySecondFactorRepository(SecondFactorRepository):
    """Second factors by their users."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate` where the user has one."""
        self._transaction.add("second_factors", factor, factor.id)

    def get(self, user_id: UserId) -> SecondFactor | None:
        """The user's second factor, confirmed or not."""
        found: SecondFactor | None = self._transaction.find("second_factors", user_id)
        return found

    def save(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("second_factors", factor, factor.id)

    def remove(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.remove("second_factors", factor, factor.id)


class MemoryApiKeyRepository(ApiKeyRepository):
    """API keys, alone or with their owners."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, key: ApiKey) -> None:
        """Store a key's record."""
        self._transaction.add("api_keys", key, key.id)

    def get(self, key_id: ApiKeyId) -> ApiKey:
        """Raises `ApiKeyNotFound`."""
        found: ApiKey | None = self._transaction.find("api_keys", key_id)
        if found is None:
            raise ApiKeyNotFound
        return found

    def with_owner(self, key_id: ApiKeyId) -> tuple[ApiKey, User] | None:
        """The key and who answers for it."""
        key: ApiKey | None = self._transaction.find("api_keys", key_id)
        owner: User | None = self._transaction.find("users", key.owner_id) if key else None
        return (key, owner) if key and owner else None

    def save(self, key: ApiKey) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("api_keys", key, key.id)

    def all(self, *, before: ApiKeyId | None, limit: int) -> tuple[ApiKey, ...]:
        """Keys, newest first."""
        rows: list[ApiKey] = list(self._transaction.table("api_keys").values())
        found = sorted(rows, key=attrgetter("id"), reverse=True)
        return tuple(copy_of(key) for key in found if before is None or key.id < before)[:limit]

    def of_owner(self, owner_id: UserId) -> tuple[ApiKey, ...]:
        """The oldest first."""
        rows: list[ApiKey] = list(self._transaction.table("api_keys").values())
        return tuple(copy_of(key) for key in sorted(rows, key=attrgetter("id")) if key.owner_id == owner_id)

    def forget(self, owner_id: UserId) -> None:
        """Remove them all."""
        self._transaction.drop("api_keys", lambda key: key.owner_id == owner_id)
