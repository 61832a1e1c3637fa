"""Notifications and the kinds of mail that the shop sends."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import NotificationId, UserId


class NotificationKind(StrEnum):
    """The names of the mail templates too."""

    VERIFY_EMAIL = "verify-email"
    ACCOUNT_EXISTS = "account-exists"
    PASSWORD_RESET = "password-reset"  # noqa: S105
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    CHANGE_EMAIL = "change-email"
    EMAIL_CHANGE_NOTICE = "email-change-notice"
    EMAIL_CHANGED = "email-changed"
    SESSION_COMPROMISED = "session-compromised"
    MFA_ENABLED = "mfa-enabled"
    MFA_DISABLED = "mfa-disabled"
    MFA_RESET_REQUESTED = "mfa-reset-requested"
    RECOVERY_CODE_USED = "recovery-code-used"
    ROLES_CHANGED = "roles-changed"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_ENABLED = "account-enabled"
    ERASURE_REQUESTED = "erasure-requested"
    API_KEY_ISSUED = "api-key-issued"
    ORDER_PLACED = "order-placed"
    PAYMENT_RECEIVED = "payment-received"
    PAYMENT_FAILED = "payment-failed"
    IN_PRODUCTION = "in-production"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ORDER_CANCELLED = "order-cancelled"
    ORDER_EXPIRED = "order-expired"
    REFUNDED = "refunded"


@attrs.define(kw_only=True, eq=False)
class Notification(Aggregate):
    """One message to one person. (`kind`, `subject_id`) is unique, so a retried job never tells twice.

    It is stored before it is sent; `sent_at` is set when the mail server took it. Between the two a
    crash may send it again, under the same Message-ID, which is made from `id`.
    """

    id: NotificationId = attrs.field(on_setattr=attrs.setters.frozen)
    kind: NotificationKind
    subject_id: str
    user_id: UserId | None
    created_at: datetime = attrs.field(validator=aware_utc)
    sent_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def prepare(
        cls,
        *,
        id: NotificationId,  # noqa: A002
        kind: NotificationKind,
        subject_id: str,
        user_id: UserId | None,
        at: datetime,
    ) -> Self:
        return cls(id=id, kind=kind, subject_id=subject_id, user_id=user_id, created_at=at)

    def sent(self, *, at: datetime) -> None:
        if self.sent_at is None:
            self.sent_at = at
