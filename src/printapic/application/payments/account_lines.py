"""Account lines: what a provider's books tell of our account apart from payments, written down once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import attrs

from printapic.application.payments.comparison import ALWAYS_OURS, Difference, Line, lines_of
from printapic.application.ports.bookkeeping import LogPosition
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.payments import Movement, MovementKind, PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import TreasuryEntryId
from printapic.domain.money import Money
from printapic.domain.payments.finding import FindingKind
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryLine, TreasuryType

_TYPES: Mapping[MovementKind, TreasuryType] = MappingProxyType(
    {
        MovementKind.PAYOUT: TreasuryType.PAYOUT,
        MovementKind.PAYOUT_RETURNED: TreasuryType.PAYOUT_RETURNED,
        MovementKind.TOP_UP: TreasuryType.TOP_UP,
        MovementKind.FEE: TreasuryType.ACCOUNT_FEE,
    }
)
_AT_ONCE = 500


def account_lines(movement: Movement) -> tuple[TreasuryLine, ...]:
    """All that a line of no payment does to our account."""
    kind, amount = movement.kind, movement.amount
    own = (
        _converted(amount) if kind is MovementKind.CONVERSION else _TYPES.get(kind, TreasuryType.UNEXPLAINED)
    )
    fee = () if movement.fee is None else ((TreasuryType.KEPT_FEE, -movement.fee),)
    return (*_lines(movement, ((own, amount), *fee)), *conversions(movement))


def told_by(movement: Movement) -> tuple[Line, ...]:
    """Everything that a line gives account of: of a payment, or of our account."""
    ours = movement.kind in ALWAYS_OURS
    apart = conversions(movement) if ours else account_lines(movement)
    return (*lines_of(movement), *((line.type, line.ref) for line in apart))


def conversions(movement: Movement) -> tuple[TreasuryLine, ...]:
    """What a line does beside what a payment's log says of it: it was converted on its way."""
    if movement.settled is None:
        return ()
    given, got = -movement.amount, movement.settled
    return _lines(movement, ((_converted(given), given), (_converted(got), got)))


def _converted(amount: Money) -> TreasuryType:
    return TreasuryType.CONVERTED_INTO if amount.minor > 0 else TreasuryType.CONVERTED_FROM


def _lines(movement: Movement, amounts: Iterable[tuple[TreasuryType, Money]]) -> tuple[TreasuryLine, ...]:
    return tuple(
        TreasuryLine(
            type=type_,
            ref=movement.id,
            about=None if movement.ref == movement.id else movement.ref,
            amount=amount,
            occurred_at=movement.occurred_at,
        )
        for type_, amount in amounts
        if amount
    )


@attrs.frozen(kw_only=True)
class AccountBooks:
    """Our own record of one account at a provider, apart from its payments. It only grows."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateway: PaymentGateway

    def take_in(self, lines: Sequence[TreasuryLine]) -> list[tuple[Difference, datetime]]:
        """Write down what is new; return what was told otherwise before, and when that happened."""
        known = {(entry.type, entry.ref): entry for entry in self._about(line.ref for line in lines)}
        self._write([self._entry(line) for line in lines if (line.type, line.ref) not in known])
        return [
            (_difference(FindingKind.AMOUNT, entry, theirs=line.amount), line.occurred_at)
            for line in lines
            if (entry := known.get((line.type, line.ref))) is not None and entry.amount != line.amount
        ]

    def give_up(self, refs: Iterable[str]) -> None:
        """Take back what was written down of lines that turned out to be about payments, conversions not.

        The payment was not known to be ours when they were first told.
        """
        now = self.clock.now()
        self._write(
            [
                entry.claimed(entry_id=self._new_id(), at=now)
                for entry in self._about(refs)
                if entry.type not in _CONVERSIONS
            ]
        )

    def missing_there(self, since: datetime, until: datetime) -> Iterator[tuple[Line, Difference, datetime]]:
        """Everything that we have of that time, with the line that must tell it, and what it is without."""
        after: LogPosition | None = None
        while since < until:
            with self.unit_of_work.reading() as work:
                page = work.treasury.occurred(
                    provider=self.gateway.provider,
                    livemode=self.gateway.livemode,
                    since=since,
                    until=until,
                    after=after,
                    limit=_AT_ONCE,
                )
            for entry in page:
                if entry.type is not TreasuryType.CLAIMED:
                    difference = _difference(FindingKind.MISSING_THERE, entry, theirs=None)
                    yield (entry.type, entry.ref), difference, entry.occurred_at
            if len(page) < _AT_ONCE:
                return
            after = LogPosition(at=page[-1].occurred_at, owner=page[-1].id, position=0)

    def _about(self, refs: Iterable[str]) -> tuple[TreasuryEntry, ...]:
        wanted = frozenset(refs)
        if not wanted:
            return ()
        with self.unit_of_work.reading() as work:
            return work.treasury.about(
                provider=self.gateway.provider, livemode=self.gateway.livemode, refs=wanted
            )

    def _write(self, entries: Sequence[TreasuryEntry]) -> None:
        if not entries:
            return
        with self.unit_of_work() as work:
            for entry in entries:
                work.treasury.add(entry)
            work.commit()

    def _entry(self, line: TreasuryLine) -> TreasuryEntry:
        return TreasuryEntry.written(
            line,
            entry_id=self._new_id(),
            provider=self.gateway.provider,
            livemode=self.gateway.livemode,
            at=self.clock.now(),
        )

    def _new_id(self) -> TreasuryEntryId:
        return TreasuryEntryId(self.identifiers.uuid())


_CONVERSIONS = frozenset({TreasuryType.CONVERTED_FROM, TreasuryType.CONVERTED_INTO})


def _difference(kind: FindingKind, entry: TreasuryEntry, *, theirs: Money | None) -> Difference:
    return Difference(kind=kind, movement=entry.type, ref=entry.ref, theirs=theirs, ours=entry.amount)
