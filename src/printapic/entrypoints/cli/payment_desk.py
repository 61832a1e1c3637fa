"""`printapic payments list|show|refund`."""

from __future__ import annotations

from uuid import UUID, uuid4

import click

from printapic.application.payments.staff import Staff
from printapic.domain.actors import UNKNOWN_CALLER
from printapic.domain.ids import PaymentId
from printapic.domain.money import Money
from printapic.domain.payments.payment import Payment
from printapic.entrypoints.cli.free_text import FREE_TEXT
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_container, open_shop
from printapic.entrypoints.settings import Settings

_KEEPER = Staff(user_id=None, refund_any=True, caller=UNKNOWN_CALLER)
"""Whoever has a shell on the shop's machine may give back any amount."""


@click.command(name="list")
@click.option("--review", is_flag=True, help="Only those that a person has to look at.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_json
def list_payments(review: bool, limit: int, as_json: bool) -> None:
    """List payments, the newest first."""
    with open_container(Settings.from_environment()) as container:
        found = container.shop().list_payments(review=review, limit=limit)
    show([_brief(payment, as_json=as_json) for payment in found], as_json=as_json)


@click.command(name="show")
@click.argument("payment_id", type=click.UUID)
@click.option("--calls", is_flag=True, help="What the provider was asked for, and under which names.")
@click.option("--disputes", is_flag=True, help="What is contested, and until when evidence is awaited.")
@as_json
def show_payment(payment_id: UUID, calls: bool, disputes: bool, as_json: bool) -> None:
    """Show the log of one payment, row by row. Tables end with its disputes, if there are any."""
    if calls and disputes:
        raise click.UsageError("Give --calls or --disputes.")
    with open_container(Settings.from_environment()) as container:
        payment = container.shop().read_payment(payment_id=PaymentId(payment_id), owner_id=None)
    if disputes:
        show(_disputes(payment), as_json=as_json)
        return
    show(_calls(payment) if calls else _log(payment), as_json=as_json)
    if payment.disputes and not as_json:
        click.echo("\ndisputes")
        show(_disputes(payment), as_json=False)


@click.command()
@click.argument("payment_id", type=click.UUID)
@click.option("--amount", help="Such as 5.00, in the order's currency; all that is left unless given.")
@click.option("--capture", "capture_ref", help="Of which money; of what pays the order unless given.")
@click.option("--reason", required=True, type=FREE_TEXT, help="Why.")
@click.option("--idempotency-key", "key", help="The same key again asks for no second refund.")
@as_json
def refund(
    payment_id: UUID,
    amount: str | None,
    capture_ref: str | None,
    reason: str,
    key: str | None,
    as_json: bool,
) -> None:
    """Give money back. The provider is asked by the next worker that runs."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        payment = shop.read_payment(payment_id=PaymentId(payment_id), owner_id=None)
        asked = shop.refund_payment(
            payment_id=payment.id,
            amount=Money.of(amount, payment.due.currency.code) if amount else None,
            capture_ref=capture_ref,
            reason=reason,
            idempotency_key=key or str(uuid4()),
            staff=_KEEPER,
        )
    operation = asked.operation
    show(
        [
            {
                "id": str(operation.id),
                "payment_id": str(asked.payment.id),
                "amount": str(operation.amount),
                "capture_ref": operation.capture_ref,
                "state": asked.payment.refund_state(operation).value,
            }
        ],
        as_json=as_json,
    )


def _log(payment: Payment) -> list[dict[str, object]]:
    return [
        {
            "recorded_at": row.recorded_at.isoformat(),
            "type": row.type.value,
            "provider": row.provider.value if row.provider else None,
            "ref": row.ref,
            "amount": str(row.amount),
            "source": row.source.value,
            "postings": "; ".join(
                f"{posting.debit} to {posting.credit} {posting.amount}" for posting in row.postings
            ),
        }
        for row in payment.transactions
    ]


def _calls(payment: Payment) -> list[dict[str, object]]:
    """The key and the request id are what the provider's support asks for."""
    return [
        {
            "created_at": call.created_at.isoformat(),
            "provider": payment.attempt(call.attempt_id).provider.value,
            "kind": call.kind.value,
            "amount": str(call.amount),
            "state": call.state.value,
            "outcome": call.outcome_code,
            "sends": call.sends,
            "provider_ref": call.provider_ref,
            "idempotency_key": str(call.id),
            "provider_request_id": call.provider_request_id,
        }
        for call in payment.operations
    ]


def _disputes(payment: Payment) -> list[dict[str, object]]:
    return [
        {
            "ref": dispute.ref,
            "state": dispute.state.value,
            "reason": dispute.reason,
            "amount": str(dispute.amount),
            "capture_ref": dispute.capture_ref,
            "opened_at": dispute.opened_at.isoformat(),
            "evidence_due_at": dispute.evidence_due_at.isoformat() if dispute.evidence_due_at else None,
        }
        for dispute in payment.disputes
    ]


def _brief(payment: Payment, *, as_json: bool) -> dict[str, object]:
    reasons = list(payment.review_reasons)
    return {
        "id": str(payment.id),
        "order_id": str(payment.order_id),
        "status": payment.status.value,
        "due": str(payment.due),
        "captured": str(payment.captured),
        "refunded": str(payment.refunded),
        "review": reasons if as_json else ", ".join(reasons),
        "created_at": payment.created_at.isoformat(),
    }
