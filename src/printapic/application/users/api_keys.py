"""API keys: issuing, listing and revoking what machines carry."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.secrets import ApiKeyMint
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.users.proof import demand_recent_proof
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import ApiKeyId, SessionId, UserId
from printapic.domain.users.api_key import DEFAULT_LIFETIME, ApiKey
from printapic.domain.users.permissions import Permission


@attrs.frozen(kw_only=True)
class IssueApiKey:
    """Make a key for a machine, which may do part of what its owner may do."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    key_mint: ApiKeyMint

    def __call__(
        self,
        *,
        owner_id: UserId,
        session_id: SessionId | None = None,
        name: str,
        scopes: frozenset[Permission],
        networks: tuple[str, ...] = (),
        lifetime: timedelta = DEFAULT_LIFETIME,
        caller: Caller = UNKNOWN_CALLER,
    ) -> tuple[ApiKey, str]:
        """The key's record, and the key itself, which is never shown again.

        In a session its person must have proven themselves a moment ago; without one a program asks.

        Raises `ReauthenticationRequired`, `ScopeNotGrantable`, `ScopesMixed`, `LifetimeNotAllowed` or
        `NetworkInvalid`.
        """
        key_id = ApiKeyId(self.identifiers.uuid())
        secret = self.key_mint.mint(key_id)
        now = self.clock.now()
        with self.unit_of_work() as work:
            owner = work.users.get(owner_id)
            if session_id is not None:
                demand_recent_proof(work, owner_id, session_id, at=now)
            key = ApiKey.issue(
                id=key_id,
                owner_id=owner_id,
                owner_may=owner.permissions,
                name=name,
                scopes=scopes,
                networks=networks,
                lifetime=lifetime,
                sha256=hashlib.sha256(secret.encode()).hexdigest(),
                at=now,
            )
            work.api_keys.add(key)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.API_KEY_ISSUED,
                    actor_id=owner_id,
                    subject_id=owner_id,
                    session_id=session_id,
                    api_key_id=key_id,
                    caller=caller,
                    details={"scopes": " ".join(sorted(scopes))},
                )
            )
            work.commit()
        return key, secret


@attrs.frozen(kw_only=True)
class ListApiKeys:
    """A page of keys, newest first, whoever issued them; never the keys themselves."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, before: ApiKeyId | None = None, limit: int = 20) -> tuple[ApiKey, ...]:
        with self.unit_of_work.reading() as work:
            return work.api_keys.all(before=before, limit=limit)


@attrs.frozen(kw_only=True)
class RevokeApiKey:
    """End a key, within a second everywhere. Repeating it changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self, *, key_id: ApiKeyId, actor_id: UserId | None, caller: Caller = UNKNOWN_CALLER
    ) -> UserId:
        """Whose key it was. Raises `ApiKeyNotFound`."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            key = work.api_keys.get(key_id)
            if key.revoked_at is not None:
                return key.owner_id
            _revoke(work, key, actor_id=actor_id, caller=caller, at=now)
            work.commit()
        return key.owner_id


def revoke_all_keys(work: UnitOfWork, owner_id: UserId, *, caller: Caller, at: datetime) -> None:
    """End every live key of a user whose account was in the hands of somebody else.

    Each is read anew, and locked, so that a machine which uses it at this moment does not keep it alive.
    The user is locked before, and issues no other one meanwhile.
    """
    for listed in work.api_keys.of_owner(owner_id):
        key = work.api_keys.get(listed.id)
        if key.live(at=at):
            _revoke(work, key, actor_id=None, caller=caller, at=at)


def _revoke(work: UnitOfWork, key: ApiKey, *, actor_id: UserId | None, caller: Caller, at: datetime) -> None:
    key.revoke(at=at)
    work.api_keys.save(key)
    work.audit.append(
        AuditEvent(
            at=at,
            action=AuditAction.API_KEY_REVOKED,
            actor_id=actor_id,
            subject_id=key.owner_id,
            api_key_id=key.id,
            caller=caller,
        )
    )
