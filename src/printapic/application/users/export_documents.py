"""What each thing looks like in an export. `export.schema.json` says the same, for programs that read one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from printapic.domain.audit.entry import AuditRecord
from printapic.domain.ids import UserId
from printapic.domain.images.image import Image
from printapic.domain.money import Money
from printapic.domain.notifications.notification import Notification
from printapic.domain.orders.line import OrderLine
from printapic.domain.orders.order import Order
from printapic.domain.orders.shipment import Shipment
from printapic.domain.orders.steps import HistoryEntry
from printapic.domain.payments.payment import Payment
from printapic.domain.users.account_request import AccountRequest
from printapic.domain.users.api_key import ApiKey
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.session import Session
from printapic.domain.users.user import Registration, User

Document = Mapping[str, Any]


def account(user: User) -> Document:
    """A user, without what proves that it is them."""
    return {
        "id": str(user.id),
        "email": user.email.address,
        "name": user.name,
        "locale": user.locale.value,
        "roles": sorted(user.roles),
        "created_at": _time(user.created_at),
        "password_changed_at": _time(user.password_changed_at),
    }


def second_factor(factor: SecondFactor | None) -> Document | None:
    """That there is one, and since when."""
    if factor is None:
        return None
    return {
        "created_at": _time(factor.created_at),
        "confirmed_at": _time(factor.confirmed_at),
        "recovery_codes_left": len(factor.recovery),
    }


def session(each: Session) -> Document:
    """One login."""
    return {
        "id": str(each.id),
        "created_at": _time(each.created_at),
        "last_used_at": _time(each.last_used_at),
        "expires_at": _time(each.expires_at),
        "ended_at": _time(each.revoked_at),
        "ended_by": each.ended_by.value if each.ended_by else None,
        "second_factor": each.second_factor,
        "address": each.address,
        "device": each.device,
    }


def api_key(key: ApiKey) -> Document:
    """The record of a key."""
    return {
        "id": str(key.id),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "networks": list(key.networks),
        "created_at": _time(key.created_at),
        "expires_at": _time(key.expires_at),
        "last_used_at": _time(key.last_used_at),
        "revoked_at": _time(key.revoked_at),
    }


def request(each: AccountRequest) -> Document:
    """What was asked for by mail."""
    return {
        "kind": each.kind.value,
        "email": each.email.address,
        "created_at": _time(each.created_at),
        "expires_at": _time(each.expires_at),
        "used_at": _time(each.used_at),
    }


def registration(each: Registration) -> Document:
    """The wish for an account."""
    return {
        "email": each.email.address,
        "name": each.name,
        "locale": each.locale.value,
        "created_at": _time(each.created_at),
        "expires_at": _time(each.expires_at),
        "used_at": _time(each.used_at),
    }


def notification(each: Notification) -> Document:
    """What was told, and when it went out."""
    return {
        "id": str(each.id),
        "kind": each.kind.value,
        "created_at": _time(each.created_at),
        "sent_at": _time(each.sent_at),
    }


def file_of(image: Image) -> str:
    """The name of a photo's original in the ZIP."""
    return f"images/{image.id}.{image.facts.format.value}"


def image(each: Image, stored: bool) -> Document:
    """A photo and its facts; `file` is None where its bytes are not stored any more."""
    facts = each.facts
    return {
        "id": str(each.id),
        "file": file_of(each) if stored else None,
        "file_name": each.file_name,
        "state": each.state.value,
        "sha256": each.sha256,
        "size_bytes": each.size_bytes,
        "format": facts.format.value,
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "orientation": facts.orientation,
        "colour_space": facts.colour_space.value,
        "colour_profile": facts.colour_profile.value,
        "has_alpha": facts.has_alpha,
        "bits_per_channel": facts.bits_per_channel,
        "taken_at": _time(facts.taken_at),
        "created_at": _time(each.created_at),
    }


def order(each: Order, payment: Payment | None) -> Document:
    """An order with all that happened to it."""
    amounts = each.amounts
    return {
        "id": str(each.id),
        "number": each.number,
        "status": each.status.value,
        "created_at": _time(each.created_at),
        "ship_to": attrs.asdict(each.ship_to),
        "shipping_method": each.shipping_method,
        "idempotency_key": each.idempotency_key,
        "items": _money(amounts.items),
        "shipping": _money(amounts.shipping),
        "discount": _money(amounts.discount),
        "tax": _money(amounts.tax),
        "total": _money(amounts.total),
        "lines": [_line(line) for line in each.lines],
        "shipments": [_shipment(parcel) for parcel in each.shipments],
        "history": [_step(entry, each.user_id) for entry in each.history],
        "payment": _payment(payment) if payment else None,
    }


def audit_record(record: AuditRecord, user_id: UserId) -> Document:
    """What the audit log says of the user; from where colleagues acted is theirs."""
    entry = record.entry
    own = entry.actor_id in (None, user_id)
    return {
        "at": _time(entry.at),
        "action": entry.action,
        "by": "you" if entry.actor_id == user_id else "the shop",
        "address": record.caller.address if own else None,
        "device": record.caller.device if own else None,
        "details": dict(entry.details),
    }


def _line(line: OrderLine) -> Document:
    return {
        "sku": line.sku,
        "name": line.product_name,
        "quantity": line.quantity,
        "unit_price": _money(line.unit_price),
        "total": _money(line.line_total),
        "image_id": str(line.image_id),
        "crop": attrs.asdict(line.crop) if line.crop else None,
        "acknowledged_warnings": [consent.code for consent in line.acknowledgements],
    }


def _shipment(parcel: Shipment) -> Document:
    return {
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "handed_over_at": _time(parcel.handed_over_at),
        "delivered_at": _time(parcel.delivered_at),
    }


def _step(entry: HistoryEntry, user_id: UserId) -> Document:
    return {
        "at": _time(entry.at),
        "step": entry.trigger,
        "status": entry.target.value,
        "by": "you" if entry.actor_id == user_id else entry.role.value,
        "reason": entry.reason,
    }


def _payment(payment: Payment) -> Document:
    return {
        "id": str(payment.id),
        "status": payment.status.value,
        "due": _money(payment.due),
        "attempts": [
            {
                "provider": attempt.provider.value,
                "state": attempt.state.value,
                "reference": attempt.ref,
                "idempotency_key": attempt.client_key,
                "return_url": attempt.return_url,
                "cancel_url": attempt.cancel_url,
                "created_at": _time(attempt.created_at),
                "expires_at": _time(attempt.expires_at),
            }
            for attempt in payment.attempts
        ],
        "transactions": [
            {
                "type": row.type.value,
                "amount": _money(row.amount),
                "provider": row.provider and row.provider.value,
                "reference": row.ref,
                "occurred_at": _time(row.occurred_at),
            }
            for row in payment.transactions
        ],
    }


def _money(amount: Money) -> Document:
    return {"amount": amount.amount, "currency": amount.currency.code}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
