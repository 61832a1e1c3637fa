"""What the audit log remembers: security events, each with who, what, whose and from where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.events import aware_utc
from printapic.domain.ids import ApiKeyId, SessionId, UserId


class AuditStream(StrEnum):
    """Each stream is one chain of its own."""

    AUTH = "auth"
    ADMIN = "admin"
    MONEY = "money"


class AuditAction(StrEnum):
    """The stable names of security events."""

    REGISTERED = "user.registered"
    EMAIL_VERIFIED = "user.verified"
    LOGGED_IN = "session.started"
    LOG_IN_FAILED = "session.refused"
    LOG_IN_ATTACKED = "session.attacked"
    LOGGED_OUT = "session.ended"
    SESSION_REVOKED = "session.revoked"
    SESSION_RECOVERED = "session.recovered"
    REFRESH_REUSED = "session.token-reused"
    REAUTHENTICATED = "session.reauthenticated"
    REAUTHENTICATION_FAILED = "session.reauthentication-refused"
    PASSWORD_RESET_REQUESTED = "password.reset-requested"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    EMAIL_CHANGE_REQUESTED = "email.change-requested"
    EMAIL_CHANGED = "email.changed"
    EMAIL_REVERTED = "email.reverted"
    MFA_ENROLLED = "mfa.enrolled"
    MFA_DISABLED = "mfa.disabled"
    MFA_RESET = "mfa.reset"
    RECOVERY_CODES_RENEWED = "mfa.recovery-codes-renewed"
    RECOVERY_CODE_USED = "mfa.recovery-code-used"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_EXPORTED = "user.exported"
    ERASURE_REQUESTED = "user.erasure-requested"
    USER_ERASED = "user.erased"
    ROLES_CHANGED = "user.roles-changed"
    API_KEY_ISSUED = "api-key.issued"
    API_KEY_REVOKED = "api-key.revoked"
    API_KEY_REFUSED = "api-key.refused"
    KEYS_ROTATED = "keys.rotated"
    KEY_REVOKED = "keys.revoked"
    INVOICE_OPENED = "invoice.opened"
    JOB_REPLAY_REQUESTED = "job.replay-requested"
    REFUND_REQUESTED = "payment.refund-requested"
    MONEY_ACCEPTED = "payment.money-accepted"
    REVIEW_RESOLVED = "payment.review-resolved"
    WEBHOOK_REPLAY_REQUESTED = "webhook.replay-requested"
    FINDING_CLOSED = "payment.finding-closed"
    EVIDENCE_ASSEMBLED = "payment.evidence-assembled"

    @property
    def stream(self) -> AuditStream:
        if self in _MONEY:
            return AuditStream.MONEY
        return AuditStream.ADMIN if self in _ADMIN else AuditStream.AUTH


_ADMIN = frozenset(
    {
        AuditAction.USER_CREATED,
        AuditAction.USER_DISABLED,
        AuditAction.USER_ENABLED,
        AuditAction.ROLES_CHANGED,
        AuditAction.MFA_RESET,
        AuditAction.API_KEY_ISSUED,
        AuditAction.API_KEY_REVOKED,
        AuditAction.KEYS_ROTATED,
        AuditAction.KEY_REVOKED,
        AuditAction.INVOICE_OPENED,
        AuditAction.JOB_REPLAY_REQUESTED,
    }
)

_MONEY = frozenset(
    {
        AuditAction.REFUND_REQUESTED,
        AuditAction.MONEY_ACCEPTED,
        AuditAction.REVIEW_RESOLVED,
        AuditAction.WEBHOOK_REPLAY_REQUESTED,
        AuditAction.FINDING_CLOSED,
        AuditAction.EVIDENCE_ASSEMBLED,
    }
)


@attrs.frozen(kw_only=True)
class AuditEvent:
    """Something that a security review asks about.

    `actor_id` did it (None: a stranger, or the shop itself); `subject_id` is the user whom it concerns, and
    under whose key the personal parts, `caller`, are kept. `details` are plain words and ids: no secret, no
    address, no name.
    """

    at: datetime = attrs.field(validator=aware_utc)
    action: AuditAction
    actor_id: UserId | None = None
    subject_id: UserId | None = None
    session_id: SessionId | None = None
    api_key_id: ApiKeyId | None = None
    caller: Caller = UNKNOWN_CALLER
    details: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def owner_id(self) -> UserId | None:
        """Under whose data key the caller is sealed."""
        return self.subject_id or self.actor_id
