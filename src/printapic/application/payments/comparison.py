"""Comparison: one line of a provider's books against our transaction log and ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import attrs

from printapic.application.ports.bookkeeping import LogEntry
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.ids import PaymentId
from printapic.domain.money import Money
from printapic.domain.payments.finding import FindingKind
from printapic.domain.payments.ledger import PSP_CLEARING
from printapic.domain.payments.transaction import TransactionType
from printapic.domain.payments.treasury import TreasuryType

Line = tuple[str, str]
"""What names a line of money on both sides: its kind, or what it does, and the provider's name for it."""

_OURS: Mapping[MovementKind, tuple[TransactionType, ...]] = MappingProxyType(
    {
        MovementKind.CAPTURE: (TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED),
        # Of a refund that failed before we looked, the failure alone was written down.
        MovementKind.REFUND: (TransactionType.REFUND_SUCCEEDED, TransactionType.REFUND_FAILED),
        MovementKind.REFUND_RETURNED: (TransactionType.REFUND_FAILED,),
        MovementKind.DISPUTE: (TransactionType.DISPUTE_TAKEN,),
        MovementKind.DISPUTE_RETURNED: (TransactionType.DISPUTE_RETURNED,),
        MovementKind.FEE: (TransactionType.FEE, TransactionType.FEE_RETURNED),
        MovementKind.OTHER: (),
    }
)
_THEIRS: Mapping[TransactionType, MovementKind] = MappingProxyType(
    {
        TransactionType.CAPTURE: MovementKind.CAPTURE,
        TransactionType.CAPTURE_PARKED: MovementKind.CAPTURE,
        TransactionType.REFUND_SUCCEEDED: MovementKind.REFUND,
        TransactionType.REFUND_FAILED: MovementKind.REFUND_RETURNED,
        TransactionType.DISPUTE_TAKEN: MovementKind.DISPUTE,
        TransactionType.DISPUTE_RETURNED: MovementKind.DISPUTE_RETURNED,
        TransactionType.FEE: MovementKind.FEE,
        TransactionType.FEE_RETURNED: MovementKind.FEE,
    }
)
_WE_LOSE = frozenset({MovementKind.REFUND, MovementKind.DISPUTE})
MAYBE_OURS = frozenset({MovementKind.FEE, MovementKind.OTHER})
"""Kinds that a provider also has lines of that no payment has."""
ALWAYS_OURS = frozenset(_OURS) - MAYBE_OURS


@attrs.frozen(kw_only=True)
class Difference:
    """What the two sides do not agree about; amounts signed as our account at the provider sees them."""

    kind: FindingKind
    movement: MovementKind | TreasuryType
    ref: str
    theirs: Money | None
    ours: Money | None
    payment_id: PaymentId | None = None

    @property
    def unknown_here(self) -> bool:
        """Whether we know nothing of what they say: a look at the checkout may change that."""
        return self.ours is None


def lines_of(movement: Movement) -> tuple[Line, ...]:
    """What a line of the provider's books gives account of: itself, and the fee that was kept of it."""
    own = (movement.kind, movement.ref)
    return (own, (MovementKind.FEE, movement.ref)) if movement.fee else (own,)


def line_of(entry: LogEntry) -> Line | None:
    """The line that must be in the provider's books; None where nothing moved there."""
    kind = _THEIRS.get(entry.transaction.type)
    return None if kind is None else (kind, entry.transaction.ref)


def differences(movement: Movement, entries: Iterable[LogEntry]) -> tuple[Difference, ...]:
    """How a line differs from `entries`, the rows of our log that have its ref. None where all is well.

    A fee that only we know of is found from our side, since providers may book it as a line of its own.
    """
    own = {entry.transaction.type: entry for entry in entries}
    entry = next((own[type_] for type_ in _OURS[movement.kind] if type_ in own), None)
    if movement.kind is MovementKind.FEE:
        return _fee(movement, -movement.amount, entry)
    if entry is None:
        return (_difference(FindingKind.MISSING_HERE, movement, movement.amount, None),)
    booked = booked_as(entry, movement.kind)
    if booked != movement.amount:
        return (_difference(FindingKind.AMOUNT, movement, movement.amount, booked, entry.payment_id),)
    kept = own.get(TransactionType.FEE) or own.get(TransactionType.FEE_RETURNED)
    return _fee(movement, movement.fee, kept) if movement.fee else ()


def missing_there(entry: LogEntry) -> Difference:
    """The difference that a row of ours is whose `line_of` is not in the provider's books.

    Of a fee they have at least the capture, or know nothing of that either.
    """
    kind = _THEIRS[entry.transaction.type]
    fee = kind is MovementKind.FEE
    return Difference(
        kind=FindingKind.FEE if fee else FindingKind.MISSING_THERE,
        movement=kind,
        ref=entry.transaction.ref,
        theirs=None,
        ours=_kept(entry) if fee else booked_as(entry, kind),
        payment_id=entry.payment_id,
    )


def booked_as(entry: LogEntry, kind: MovementKind) -> Money:
    """What the ledger says that a row moved at the provider, else the log: rows from before it have none.

    A refund that came back before we heard of it has moved nothing: then the log says how much it was.
    """
    row, zero = entry.transaction, Money.zero(entry.transaction.amount.currency)
    cleared = zero
    for posting in row.postings:
        if posting.debit.startswith(PSP_CLEARING):
            cleared += posting.amount
        if posting.credit.startswith(PSP_CLEARING):
            cleared -= posting.amount
    lost = -row.amount if kind in _WE_LOSE else row.amount
    return cleared if cleared and _same_row(entry, kind) else lost


def _same_row(entry: LogEntry, kind: MovementKind) -> bool:
    """Whether the row is about this very line, and not about its return."""
    return _THEIRS[entry.transaction.type] is kind


def _kept(entry: LogEntry) -> Money:
    """What a row says that the provider kept: less than nothing where it gave some back."""
    row = entry.transaction
    return -row.amount if row.type is TransactionType.FEE_RETURNED else row.amount


def _fee(movement: Movement, theirs: Money, entry: LogEntry | None) -> tuple[Difference, ...]:
    ours = None if entry is None else _kept(entry)
    if ours == theirs:
        return ()
    payment_id = None if entry is None else entry.payment_id
    return (_difference(FindingKind.FEE, movement, theirs, ours, payment_id),)


def _difference(
    kind: FindingKind,
    movement: Movement,
    theirs: Money | None,
    ours: Money | None,
    payment_id: PaymentId | None = None,
) -> Difference:
    return Difference(
        kind=kind,
        movement=MovementKind.FEE if kind is FindingKind.FEE else movement.kind,
        ref=movement.ref,
        theirs=theirs,
        ours=ours,
        payment_id=payment_id,
    )
