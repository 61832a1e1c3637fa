"""`printapic payments evidence`: what is known of a payment, to be copied into a provider's dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import attrs
import click

from printapic.application.payments.evidence import Evidence
from printapic.application.payments.staff import Staff
from printapic.domain.actors import UNKNOWN_CALLER
from printapic.domain.ids import PaymentId
from printapic.domain.orders.order import Order
from printapic.domain.orders.shipment import Shipment
from printapic.domain.payments.payment import Payment
from printapic.entrypoints.cli.output import as_json
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

Sheet = Mapping[str, object]


@click.command()
@click.argument("payment", metavar="PAYMENT")
@as_json
def evidence(payment: str, as_json: bool) -> None:
    """Tell all that is known of PAYMENT, an id of ours or a dispute's in the provider's dashboard.

    It has personal data in it. That it was read is in the audit log.
    """
    with open_shop(Settings.from_environment(), background=False) as shop:
        payment_id = _id(payment) or shop.find_payment(ref=payment)
        found = shop.assemble_evidence(
            payment_id=payment_id, staff=Staff(user_id=None, caller=UNKNOWN_CALLER)
        )
    told = sheet(found)
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for line in _lines(told):
            click.echo(line)


def sheet(evidence: Evidence) -> Sheet:
    """Headings with what belongs under them, in the order in which a bank asks."""
    order, payment, customer = evidence.order, evidence.payment, evidence.customer
    return {
        "disputes": [
            {
                "ref": dispute.ref,
                "state": dispute.state.value,
                "reason": dispute.reason,
                "amount": str(dispute.amount),
                "opened": _time(dispute.opened_at),
                "evidence due": _time(dispute.evidence_due_at),
                "about": dispute.capture_ref,
            }
            for dispute in payment.disputes
        ],
        "order": _order(evidence),
        "customer": {
            "name": customer.name,
            "e-mail": customer.email,
            "customer since": _time(customer.since),
            "erased": _time(customer.erased_at),
        },
        "logins when ordered": [
            {"logged in": _time(each.created_at), "from": each.address, "with": each.device}
            for each in evidence.sessions
        ],
        "delivery address": {
            name: value for name, value in attrs.asdict(order.ship_to).items() if value is not None
        },
        "lines": _order_lines(order),
        "parcels": [_parcel(order, parcel) for parcel in order.shipments],
        "mails": [
            {"template": mail.kind.value, "sent": _time(mail.sent_at) or "not yet"} for mail in evidence.mails
        ],
        "payment": {
            "id": str(payment.id),
            "status": payment.status.value,
            "paid": _time(evidence.paid_at),
            "captured": str(payment.captured),
            "refunded": str(payment.refunded),
        },
        **_money(payment),
        "history": [
            {
                "at": _time(entry.at),
                "step": entry.trigger,
                "status": entry.target.value,
                "by": entry.role.value,
                "reason": entry.reason,
            }
            for entry in order.history
        ],
        "erased": list(evidence.erased),
        "assembled": _time(evidence.assembled_at),
    }


def _order(evidence: Evidence) -> Sheet:
    order = evidence.order
    return {
        "number": order.number,
        "placed": _time(order.created_at),
        "status": order.status.value,
        "items": str(order.amounts.items),
        "shipping": str(order.amounts.shipping),
        "discount": str(order.amounts.discount),
        "tax, contained": str(order.amounts.tax),
        "total": str(order.total),
        "shipping method": order.shipping_method,
        "could be changed until": _time(order.edit_until),
        "customer gave that up": _time(evidence.edit_window_waived_at),
        "claims until": _time(order.claims_until),
        "sealed invoice": "kept for the tax office" if evidence.sealed_invoice else None,
    }


def _order_lines(order: Order) -> list[Sheet]:
    return [
        {
            "sku": line.sku,
            "name": line.product_name,
            "size": str(line.specification.trim),
            "quantity": line.quantity,
            "unit price": str(line.unit_price),
            "total": str(line.line_total),
            "made from a photo of the customer's": str(line.image_id),
            "warnings that the customer agreed to": ", ".join(
                f"{consent.code} on {_time(consent.at)}" for consent in line.acknowledgements
            ),
            "print file": line.print_file.sha256 if line.print_file else None,
        }
        for line in order.lines
    ]


def _parcel(order: Order, parcel: Shipment) -> Sheet:
    names = {line.id: line.product_name for line in order.lines}
    return {
        "carrier": parcel.carrier,
        "tracking number": parcel.tracking_number,
        "tracking link": parcel.tracking_url,
        "shipped": _time(parcel.handed_over_at),
        "delivered": _time(parcel.delivered_at),
        "contents": ", ".join(
            f"{item.quantity} x {names.get(item.line_id, item.line_id)}" for item in parcel.items
        ),
    }


def _money(payment: Payment) -> Sheet:
    return {
        "checkouts": [
            {
                "provider": attempt.provider.value,
                "state": attempt.state.value,
                "amount": str(attempt.expected),
                "started": _time(attempt.created_at),
                "refs": ", ".join(filter(None, (attempt.ref, *attempt.other_refs))),
            }
            for attempt in payment.attempts
        ],
        "money": [
            {
                "at": _time(row.occurred_at),
                "what": row.type.value,
                "amount": str(row.amount),
                "ref": row.ref,
                "provider": row.provider and row.provider.value,
            }
            for row in payment.transactions
        ],
        "calls to the provider": [
            {
                "at": _time(call.created_at),
                "what": call.kind.value,
                "amount": str(call.amount),
                "state": call.state.value,
                "reason": call.reason,
                "idempotency key": str(call.id),
                "provider's request id": call.provider_request_id,
            }
            for call in payment.operations
        ],
    }


def _id(text: str) -> PaymentId | None:
    try:
        return PaymentId(UUID(text))
    except ValueError:
        return None


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _lines(told: Sheet) -> Iterator[str]:
    """Plain text without columns, which survives a text field; what is not known is left out."""
    for heading, under in told.items():
        if isinstance(under, str):
            yield f"{heading}: {under}"
        elif under:
            yield f"{heading.upper()}"
            yield from _paragraphs(under)
            yield ""


def _paragraphs(under: object) -> Iterator[str]:
    if isinstance(under, Mapping):
        yield from (f"  {name}: {_plain(value)}" for name, value in under.items() if value not in (None, ""))
    elif isinstance(under, Sequence):
        for number, each in enumerate(under, start=1):
            if isinstance(each, Mapping):
                said = [f"{name}: {_plain(value)}" for name, value in each.items() if value not in (None, "")]
                yield f"  {number}. " + "; ".join(said)
            else:
                yield f"  {_plain(each)}"


def _plain(value: object) -> str:
    """On one line, and nothing that would steer a terminal: some of it was written by strangers."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
