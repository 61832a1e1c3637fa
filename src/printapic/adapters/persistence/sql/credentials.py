"""Requests by mail, second factors and API keys in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)

from printapic.adapters.persistence.sql.tables import account_requests, api_keys, second_factors, users
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.adapters.persistence.sql.users import user_of
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.application.ports.users import (
    AccountRequestRepository,
    ApiKeyRepository,
    SecondFactorRepository,
)
from printapic.domain.ids import AccountRequestId, ApiKeyId, SessionId, UserId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.api_key import ApiKey, ApiKeyNotFound
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.permissions import Permission
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.user import User

_WITH_OWNER = (
    select(api_keys, users)
    .join(users, users.c.id == api_keys.c.owner_id)
    .where(api_keys.c.id == bindparam("key_id"))
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)


class SqlAccountRequestRepository(AccountRequestRepository):
    """Requests by id and by the SHA-256 of their token, locked in a writing unit."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, request: AccountRequest) -> None:
        """Store what somebody asked for."""
        self._transaction.add(account_requests, _request_values(request), request)

    def get(self, request_id: AccountRequestId) -> AccountRequest | None:
        """The request."""
        return self._one(account_requests.c.id == request_id)

    def by_token(self, token_sha256: str) -> AccountRequest | None:
        """The request whose token has this SHA-256."""
        return self._one(account_requests.c.token_sha256 == token_sha256)

    def save(self, request: AccountRequest) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(account_requests, _request_values(request), request)

    def withdraw_all(
        self,
        user_id: UserId,
        kinds: frozenset[RequestKind],
        *,
        at: datetime,
        since: datetime | None = None,
    ) -> int:
        """One statement."""
        table = account_requests
        of_user = and_(table.c.user_id == user_id, table.c.kind.in_(sorted(kinds)))
        condition = and_(of_user, table.c.used_at.is_(None))
        if since is not None:
            condition = and_(condition, table.c.created_at >= since)
        return self._transaction.write(
            update(table).where(condition).values(used_at=at, version=table.c.version + 1)
        ).rowcount

    def of_user(self, user_id: UserId, email_keys: frozenset[str]) -> tuple[AccountRequest, ...]:
        """The oldest first."""
        of_nobody = and_(account_requests.c.user_id.is_(None), account_requests.c.email_key.in_(email_keys))
        statement = (
            select(account_requests)
            .where(or_(account_requests.c.user_id == user_id, of_nobody))
            .order_by(account_requests.c.id)
        )
        return tuple(_request(row) for row in self._transaction.rows(statement))

    def forget(self, request_ids: frozenset[AccountRequestId]) -> None:
        """Remove them."""
        self._transaction.write(delete(account_requests).where(account_requests.c.id.in_(request_ids)))

    def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove old ones."""
        old = account_requests.c.expires_at < expired_before
        return self._transaction.remove_some(account_requests, old, limit=limit)

    def _one(self, condition: ColumnElement[bool]) -> AccountRequest | None:
        row = self._transaction.row_to_change(select(account_requests).where(condition))
        return _request(row) if row else None


class SqlSecondFactorRepository(SecondFactorRepository):
    """Second factors by their users, locked in a writing unit."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate` where the user has one."""
        self._transaction.add(second_factors, _factor_values(factor), factor)

    def get(self, user_id: UserId) -> SecondFactor | None:
        """The user's second factor, confirmed or not."""
        statement = select(second_factors).where(second_factors.c.id == user_id)
        row = self._transaction.row_to_change(statement)
        return _factor(row) if row else None

    def save(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(second_factors, _factor_values(factor), factor)

    def remove(self, factor: SecondFactor) -> None:
        """Raises `ConcurrentUpdate`."""
        same = (second_factors.c.id == factor.id) & (second_factors.c.version == factor.version)
        if self._transaction.write(delete(second_factors).where(same)).rowcount != 1:
            raise ConcurrentUpdate
        self._transaction.events.extend(factor.take_events())


class SqlApiKeyRepository(ApiKeyRepository):
    """API keys, alone or with their owners."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, key: ApiKey) -> None:
        """Store a key's record."""
        self._transaction.add(api_keys, _key_values(key), key)

    def get(self, key_id: ApiKeyId) -> ApiKey:
        """Raises `ApiKeyNotFound`."""
        row = self._transaction.row_to_change(select(api_keys).where(api_keys.c.id == key_id))
        if row is None:
            raise ApiKeyNotFound
        return _key(row)

    def with_owner(self, key_id: ApiKeyId) -> tuple[ApiKey, User] | None:
        """One statement; it locks neither of the two."""
        row = self._transaction.row(_WITH_OWNER, {"key_id": key_id})
        if row is None:
            return None
        key, owner = ({c.name: row[f"{t.name}_{c.name}"] for c in t.columns} for t in (api_keys, users))
        return _key(key), user_of(owner)

    def save(self, key: ApiKey) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(api_keys, _key_values(key), key)

    def all(self, *, before: ApiKeyId | None, limit: int) -> tuple[ApiKey, ...]:
        """Keys, newest first."""
        statement = select(api_keys).order_by(api_keys.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(api_keys.c.id < before)
        return tuple(_key(row) for row in self._transaction.rows(statement))

    def of_owner(self, owner_id: UserId) -> tuple[ApiKey, ...]:
        """The oldest first."""
        statement = select(api_keys).where(api_keys.c.owner_id == owner_id).order_by(api_keys.c.id)
        return tuple(_key(row) for row in self._transaction.rows(statement))

    def forget(self, owner_id: UserId) -> None:
        """Remove them all."""
        self._transaction.write(delete(api_keys).where(api_keys.c.owner_id == owner_id))


def _request_values(request: AccountRequest) -> Values:
    return {
        "id": request.id,
        "kind": request.kind,
        "email_address": request.email.address,
        "email_key": request.email.key,
        "user_id": request.user_id,
        "session_id": request.session_id,
        "undoes": request.undoes,
        "token_sha256": request.token_sha256,
        "created_at": request.created_at,
        "expires_at": request.expires_at,
        "used_at": request.used_at,
        "version": request.version,
    }


def _request(values: Values) -> AccountRequest:
    return AccountRequest(
        id=AccountRequestId(values["id"]),
        kind=RequestKind(values["kind"]),
        email=EmailAddress(values["email_address"], values["email_key"]),
        user_id=UserId(values["user_id"]) if values["user_id"] else None,
        session_id=SessionId(values["session_id"]) if values["session_id"] else None,
        undoes=AccountRequestId(values["undoes"]) if values["undoes"] else None,
        token_sha256=values["token_sha256"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        used_at=values["used_at"],
        version=values["version"],
    )


def _factor_values(factor: SecondFactor) -> Values:
    return {
        "id": factor.id,
        "secret_sealed": factor.secret_sealed,
        "created_at": factor.created_at,
        "confirmed_at": factor.confirmed_at,
        "last_step": factor.last_step,
        "recovery": list(factor.recovery),
        "reset_due_at": factor.reset_due_at,
        "version": factor.version,
    }


def _factor(values: Values) -> SecondFactor:
    return SecondFactor(
        id=UserId(values["id"]),
        secret_sealed=values["secret_sealed"],
        created_at=values["created_at"],
        confirmed_at=values["confirmed_at"],
        last_step=values["last_step"],
        recovery=tuple(values["recovery"]),
        reset_due_at=values["reset_due_at"],
        version=values["version"],
    )


def _key_values(key: ApiKey) -> Values:
    return {
        "id": key.id,
        "owner_id": key.owner_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "networks": list(key.networks),
        "sha256": key.sha256,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
        "version": key.version,
    }


def _key(values: Values) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(values["id"]),
        owner_id=UserId(values["owner_id"]),
        name=values["name"],
        scopes=frozenset(Permission(scope) for scope in values["scopes"]),
        networks=tuple(values["networks"]),
        sha256=values["sha256"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        last_used_at=values["last_used_at"],
        revoked_at=values["revoked_at"],
        version=values["version"],
    )
