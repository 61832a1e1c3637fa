"""Findings as rows, and back."""

from __future__ import annotations

from typing import Any

from printapic.adapters.persistence.sql.documents import money
from printapic.adapters.persistence.sql.transaction import Values
from printapic.domain.ids import FindingId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingKind, FindingState


def finding_values(finding: Finding) -> Values:
    """The finding's row."""
    return {
        "id": finding.id,
        "run_id": finding.run_id,
        "provider": finding.provider,
        "livemode": finding.livemode,
        "kind": finding.kind,
        "movement": finding.movement,
        "ref": finding.ref,
        **_amount("theirs", finding.theirs),
        **_amount("ours", finding.ours),
        "payment_id": finding.payment_id,
        "occurred_at": finding.occurred_at,
        "found_at": finding.found_at,
        "state": finding.state,
        "closed_at": finding.closed_at,
        "closed_by": finding.closed_by,
        "note": finding.note,
    }


def finding_of(row: Values) -> Finding:
    """The finding that `finding_values` wrote."""
    payment_id, closed_by = row["payment_id"], row["closed_by"]
    return Finding(
        id=FindingId(row["id"]),
        run_id=row["run_id"],
        provider=Provider(row["provider"]),
        livemode=row["livemode"],
        kind=FindingKind(row["kind"]),
        movement=row["movement"],
        ref=row["ref"],
        theirs=_money(row, "theirs"),
        ours=_money(row, "ours"),
        payment_id=None if payment_id is None else PaymentId(payment_id),
        occurred_at=row["occurred_at"],
        found_at=row["found_at"],
        state=FindingState(row["state"]),
        closed_at=row["closed_at"],
        closed_by=None if closed_by is None else UserId(closed_by),
        note=row["note"],
    )


def _amount(side: str, amount: Money | None) -> dict[str, Any]:
    return {
        f"{side}_minor": None if amount is None else amount.minor,
        f"{side}_currency": None if amount is None else amount.currency.code,
    }


def _money(row: Values, side: str) -> Money | None:
    minor = row[f"{side}_minor"]
    return None if minor is None else money(minor, row[f"{side}_currency"])
