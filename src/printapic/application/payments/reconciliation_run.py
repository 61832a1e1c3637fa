"""One comparison of one provider's books with ours: day by day, in little memory however long it is."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TypeVar
from uuid import UUID

import attrs

from printapic.application.payments.account_lines import AccountBooks, account_lines, conversions, told_by
from printapic.application.payments.comparison import (
    ALWAYS_OURS,
    MAYBE_OURS,
    Difference,
    Line,
    differences,
    line_of,
    missing_there,
)
from printapic.application.payments.healing import TakeInMissing, on_its_way
from printapic.application.ports.bookkeeping import LogEntry, LogPosition
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.payments import Movement, MovementKind, MovementsUnavailable, PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import FindingId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingKind
from printapic.domain.payments.transaction import TransactionType
from printapic.domain.payments.treasury import TreasuryLine

T = TypeVar("T")
Missing = tuple[Line, Difference, datetime]
"""A line that the provider's books must have, the difference that it is otherwise, and when that was."""
DAY = timedelta(days=1)
SLACK = timedelta(days=3)
"""How far apart the times may be at which a provider and we say that the same money moved."""
MOST_LOOKS = 1000
"""Names that nobody here knows are looked up at the provider so often in a run: an account that is shared
with others has many of them."""
_BATCH = 500


@attrs.frozen(kw_only=True)
class ProviderReport:
    """What became of the comparison of one provider's books, from `since` up to `until`.

    `lines` are those of payments; `other_lines` are counted by their kind: payouts, conversions, fees of no
    payment, which stand in the treasury now. `taken_in` were missing here, until a look brought them. Where
    the books were not `available`, not all of them were read, and what was found earlier stays open.
    """

    run_id: UUID
    provider: Provider
    livemode: bool
    since: datetime
    until: datetime
    lines: int
    other_lines: Mapping[MovementKind, int]
    taken_in: int
    found: Mapping[FindingKind, int]
    closed: int
    available: bool

    @property
    def clean(self) -> bool:
        """Everything was compared, and nothing differs."""
        return self.available and not self.found


class SeenLines:
    """The lines of the last days, window by window, so that old ones can be forgotten together."""

    def __init__(self) -> None:
        self._windows: deque[tuple[datetime, set[Line]]] = deque()

    def begin(self, ends: datetime) -> None:
        """What is added from now on is of the window that ends then."""
        self._windows.append((ends, set()))

    def add(self, lines: Iterable[Line]) -> None:
        self._windows[-1][1].update(lines)

    def forget(self, before: datetime) -> None:
        """Let go of windows that ended before that."""
        while self._windows and self._windows[0][0] < before:
            self._windows.popleft()

    def __contains__(self, line: Line) -> bool:
        return any(line in lines for _, lines in self._windows)


@attrs.define(kw_only=True, eq=False)
class ReconciliationRun:
    """Reads the provider's lines once, and our rows once; to be used once."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateway: PaymentGateway
    take_in: TakeInMissing
    since: datetime
    until: datetime
    reach: datetime
    progress: Callable[[Provider, datetime], None]
    _run_id: UUID = attrs.field(init=False)
    _account: AccountBooks = attrs.field(init=False)
    _seen: SeenLines = attrs.field(init=False, factory=SeenLines)
    _lines: int = attrs.field(init=False, default=0)
    _looks: int = attrs.field(init=False, default=0)
    _taken_in: int = attrs.field(init=False, default=0)
    _others: Counter[MovementKind] = attrs.field(init=False, factory=Counter)
    _found: Counter[FindingKind] = attrs.field(init=False, factory=Counter)
    _to_keep: list[Finding] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self._run_id = self.identifiers.uuid()
        self._account = AccountBooks(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            identifiers=self.identifiers,
            gateway=self.gateway,
        )

    def report(self) -> ProviderReport:
        """Compare everything, and keep what differs."""
        available, closed = True, 0
        try:
            self._compare()
        except MovementsUnavailable:
            available = False
        self._keep(all_of_it=True)
        if available:
            closed = self._close_gone()
        return ProviderReport(
            run_id=self._run_id,
            provider=self.gateway.provider,
            livemode=self.gateway.livemode,
            since=self.since,
            until=self.until,
            lines=self._lines,
            other_lines=dict(self._others),
            taken_in=self._taken_in,
            found=dict(self._found),
            closed=closed,
            available=available,
        )

    def _compare(self) -> None:
        checked, doubtful = self.since, list[Missing]()
        for begins, ends in _days(self.since, self.until):
            self._seen.begin(ends)
            for batch in _batches(self.gateway.movements(since=begins, until=ends)):
                self._seen.add(line for movement in batch for line in told_by(movement))
                self._compare_lines(batch)
                self._keep()
            doubtful += self._ours(checked, ends - SLACK)
            checked = max(checked, ends - SLACK)
            self._seen.forget(checked - SLACK)
            self.progress(self.gateway.provider, ends)
        doubtful += self._ours(checked, self.until)
        if doubtful:
            self._look_around(doubtful)

    # Their lines

    def _compare_lines(self, batch: list[Movement]) -> None:
        refs = [movement.ref for movement in batch]
        rows = self._rows_about(refs)
        apart, claimed = list[TreasuryLine](), list[str]()
        for movement in batch:
            if not self._concerns_us(movement, rows[movement.ref]):
                self._others[movement.kind] += 1
                apart += account_lines(movement)
                continue
            self._lines += 1
            found = differences(movement, rows[movement.ref])
            if any(difference.unknown_here for difference in found):
                found = self._take_in(movement, found)
                # One look brings everything about its checkout, also what later lines say.
                rows = rows if found else self._rows_about(refs)
            for difference in found:
                self._note(difference, movement.occurred_at)
            # What both sides do not agree about has not been converted yet either.
            apart += () if found else conversions(movement)
            claimed += [movement.id] if movement.kind in MAYBE_OURS else ()
        self._account.give_up(claimed)
        for difference, occurred_at in self._account.take_in(apart):
            self._note(difference, occurred_at)

    def _concerns_us(self, movement: Movement, rows: list[LogEntry]) -> bool:
        """Whether our log must know of it. Fees and unknown kinds are ours where their name is."""
        if movement.kind in MAYBE_OURS:
            return bool(rows) or self.take_in.owner_of(self.gateway, movement.ref) is not None
        return movement.kind in ALWAYS_OURS

    def _take_in(self, movement: Movement, found: tuple[Difference, ...]) -> tuple[Difference, ...]:
        """Look at the checkout where there is one, and compare again."""
        payment = self.take_in(self.gateway, movement) if self._may_look(movement) else None
        if payment is None:
            return found
        again = differences(movement, self._rows_about([movement.ref])[movement.ref])
        self._taken_in += not again
        return tuple(
            attrs.evolve(each, payment_id=payment.id) for each in again if not on_its_way(payment, each)
        )

    def _may_look(self, movement: Movement) -> bool:
        """What is ours by its name is always looked at; anything else could be anybody's."""
        if self.take_in.owner_of(self.gateway, movement.ref, movement.about) is not None:
            return True
        self._looks += 1
        return self._looks <= MOST_LOOKS

    # Our rows

    def _ours(self, since: datetime, until: datetime) -> list[Missing]:
        """Note what they have not; of what they may have at another time, the differences are given back."""
        doubtful = []
        for missing in chain(self._payments(since, until), self._account.missing_there(since, until)):
            line, difference, at = missing
            if line in self._seen:
                continue
            if self.since <= at - SLACK and at + SLACK <= self.until:
                self._note(difference, at)
                self._keep()
            else:
                doubtful.append(missing)
        self._keep()
        return doubtful

    def _look_around(self, doubtful: list[Missing]) -> None:
        """Look whether the lines are just outside of the period: nothing else is compared there."""
        later = min(self.until + SLACK, self.reach)
        for begins, ends in (*_days(self.since - SLACK, self.since), *_days(self.until, later)):
            self._seen.begin(ends)
            for movement in self.gateway.movements(since=begins, until=ends):
                self._seen.add(told_by(movement))
        for line, difference, at in doubtful:
            if line not in self._seen:
                self._note(difference, at)

    def _payments(self, since: datetime, until: datetime) -> Iterator[Missing]:
        """The rows of payments that were not seen, with their lines."""
        for page in self._pages(since, until):
            for line, entry in self._unseen(page):
                yield line, missing_there(entry), entry.transaction.occurred_at

    def _unseen(self, entries: Iterable[LogEntry]) -> list[tuple[Line, LogEntry]]:
        """The rows whose lines were not seen, of those which must have one."""
        missing = [
            (line, entry)
            for entry in entries
            if (line := line_of(entry)) is not None and line not in self._seen
        ]
        failed = [
            entry.transaction.ref
            for _, entry in missing
            if entry.transaction.type is TransactionType.REFUND_FAILED
        ]
        rows = self._rows_about(failed)
        return [
            (line, entry) for line, entry in missing if _must_be_there(entry, rows[entry.transaction.ref])
        ]

    def _pages(self, since: datetime, until: datetime) -> Iterator[tuple[LogEntry, ...]]:
        after: LogPosition | None = None
        while since < until:
            with self.unit_of_work.reading() as work:
                page = work.journal.occurred(
                    provider=self.gateway.provider,
                    livemode=self.gateway.livemode,
                    since=since,
                    until=until,
                    after=after,
                    limit=_BATCH,
                )
            yield page
            if len(page) < _BATCH:
                return
            last = page[-1]
            after = LogPosition(
                at=last.transaction.occurred_at, owner=last.payment_id, position=last.position
            )

    def _rows_about(self, refs: Iterable[str]) -> dict[str, list[LogEntry]]:
        wanted = frozenset(refs)
        rows: dict[str, list[LogEntry]] = defaultdict(list)
        if wanted:
            with self.unit_of_work.reading() as work:
                found = work.journal.about(
                    provider=self.gateway.provider, livemode=self.gateway.livemode, refs=wanted
                )
            for entry in found:
                rows[entry.transaction.ref].append(entry)
        return rows

    # What differs

    def _note(self, difference: Difference, occurred_at: datetime) -> None:
        self._found[difference.kind] += 1
        self._to_keep.append(
            Finding(
                id=FindingId(self.identifiers.uuid()),
                run_id=self._run_id,
                provider=self.gateway.provider,
                livemode=self.gateway.livemode,
                kind=difference.kind,
                movement=difference.movement.value,
                ref=difference.ref,
                theirs=difference.theirs,
                ours=difference.ours,
                payment_id=difference.payment_id,
                occurred_at=occurred_at,
                found_at=self.clock.now(),
            )
        )

    def _keep(self, *, all_of_it: bool = False) -> None:
        if len(self._to_keep) < (1 if all_of_it else _BATCH):
            return
        with self.unit_of_work() as work:
            for finding in self._to_keep:
                work.findings.report(finding)
            work.commit()
        self._to_keep.clear()

    def _close_gone(self) -> int:
        with self.unit_of_work() as work:
            closed = work.findings.close_gone(
                run_id=self._run_id,
                provider=self.gateway.provider,
                livemode=self.gateway.livemode,
                since=self.since,
                until=self.until,
                at=self.clock.now(),
            )
            work.commit()
        return closed


def _must_be_there(entry: LogEntry, rows: list[LogEntry]) -> bool:
    """A refund that failed before it ever succeeded may not have moved any money."""
    if entry.transaction.type is not TransactionType.REFUND_FAILED:
        return True
    return any(row.transaction.type is TransactionType.REFUND_SUCCEEDED for row in rows)


def _days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while since < until:
        ends = min(since + DAY, until)
        yield since, ends
        since = ends


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(things)
    while batch := list(islice(rest, _BATCH)):
        yield batch
