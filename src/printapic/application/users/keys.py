"""Keys: what there is, rotation when it is time, revocation when one has leaked."""

from __future__ import annotations

from datetime import timedelta

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.keys import PUBLISHED_FOR, KeyRecord, KeyRings
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import PublicKey, TokenIssuer
from printapic.domain.audit.event import AuditAction, AuditEvent


@attrs.frozen(kw_only=True)
class ListKeys:
    """Every key of the ring with its state, the oldest first; never the key itself."""

    keys: KeyRings
    clock: Clock

    def __call__(self) -> tuple[KeyRecord, ...]:
        return self.keys.list(at=self.clock.now())


@attrs.frozen(kw_only=True)
class ListPublicKeys:
    """The keys with which anybody may check access tokens."""

    tokens: TokenIssuer

    def __call__(self) -> tuple[PublicKey, ...]:
        return self.tokens.public_keys()


@attrs.frozen(kw_only=True)
class RotateKeys:
    """Let the next key sign. Nobody notices: what was made under the old one stays good for its time.

    The ring, a file, is changed inside the unit of work: not where the audit log cannot be reached. A commit
    that fails in its last moment leaves a change of which only the ring itself tells, in `keys list`.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    keys: KeyRings

    def __call__(self, *, at_once: bool = False) -> KeyRecord:
        """The key that signs now. Raises `NextKeyTooNew`, unless it is to be done `at_once`."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            active = self.keys.rotate(at=now, published_for=timedelta(0) if at_once else PUBLISHED_FOR)
            details = {"active": active.kid}
            work.audit.append(AuditEvent(at=now, action=AuditAction.KEYS_ROTATED, details=details))
            work.commit()
        return active


@attrs.frozen(kw_only=True)
class RevokeKey:
    """Refuse whatever was made under a key that has leaked: sessions under it must log in again."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    keys: KeyRings

    def __call__(self, *, kid: str) -> KeyRecord:
        """The key, revoked. Raises `KeyNotFound`."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            key = self.keys.revoke(kid, at=now)
            work.audit.append(AuditEvent(at=now, action=AuditAction.KEY_REVOKED, details={"kid": kid}))
            work.commit()
        return key
