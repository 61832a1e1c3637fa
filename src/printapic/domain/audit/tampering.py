"""What was done to a log, found out from what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain

import attrs

from printapic.domain.audit.chain import GENESIS, Mac, canonical, follows
from printapic.domain.audit.entry import AuditEntry, DamagedEntry

Row = AuditEntry | DamagedEntry


class Tampering(StrEnum):
    """What is wrong with the row that a finding names."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REWRITTEN = "rewritten"
    TRUNCATED = "truncated"
    UNKNOWN_KEY = "unknown-key"
    FORGED = "forged"


@attrs.frozen(kw_only=True)
class AuditFinding:
    """The first row of a stream with which something is wrong, by its number.

    `trusted_until` is the last entry that a checkpoint vouched for before it. `REWRITTEN` says that this
    row and those behind it were sealed anew: by somebody without the key, then the number is exact; or with
    it, then the row has another seal than the checkpoint remembers, and any row after `trusted_until` may be
    the first false one. `TRUNCATED` names the first entry that a checkpoint remembers and that is gone.
    """

    stream: str
    sequence: int
    what: Tampering
    trusted_until: int = 0


@attrs.frozen(kw_only=True)
class ChainVerdict:
    """How many entries from the first on are genuine, and what is wrong with the one after them, if any."""

    genuine: int
    finding: AuditFinding | None


def judge(stream: str, rows: Iterable[Row], mac: Mac) -> ChainVerdict:
    """Follow a chain from its beginning. `rows` is read once and not kept, however many there are."""
    left = iter(rows)
    previous, genuine = GENESIS, 0
    for row in left:
        number = genuine + 1
        what = _misplaced(row, number) or _badly_sealed(row, left, previous, mac)
        if what is not None:
            wrong = number if row.sequence is None else min(number, row.sequence)
            finding = AuditFinding(stream=stream, sequence=wrong, what=what)
            return ChainVerdict(genuine=genuine, finding=finding)
        previous, genuine = getattr(row, "mac", previous), number
    return ChainVerdict(genuine=genuine, finding=None)


def _misplaced(row: Row, number: int) -> Tampering | None:
    if row.sequence is None or row.sequence == number:
        return None
    return Tampering.MISSING if row.sequence > number else Tampering.INSERTED


def _badly_sealed(row: Row, behind: Iterator[Row], previous: str, mac: Mac) -> Tampering | None:
    if isinstance(row, DamagedEntry):
        return Tampering.EDITED
    try:
        return None if follows(row, previous, mac) else _diagnosis(row, behind, previous, mac)
    except LookupError:
        return Tampering.UNKNOWN_KEY


def _diagnosis(row: AuditEntry, behind: Iterator[Row], previous: str, mac: Mac) -> Tampering:
    """What was done to a row whose seal does not fit, judged by what the rows behind it fit to."""
    after = next(behind, None)
    if not isinstance(after, AuditEntry):
        return Tampering.EDITED
    if _fits(after, row.mac, mac) or _fits(after, mac(canonical(row, previous), row.key_id), mac):
        return Tampering.EDITED
    if _fits(_as(after, after.sequence + 1), row.mac, mac):
        return Tampering.MISSING  # and the numbers of all that followed were counted down
    before = after.mac
    for other in chain((after,), behind):
        if not isinstance(other, AuditEntry):
            continue
        if _fits(_as(other, row.sequence), previous, mac):
            swapped = _fits(_as(row, other.sequence), before, mac)
            return Tampering.REORDERED if swapped else Tampering.INSERTED
        before = other.mac
    return Tampering.REWRITTEN


def _as(entry: AuditEntry, sequence: int) -> AuditEntry:
    """The same entry, had it another number."""
    return attrs.evolve(entry, sequence=sequence)


def _fits(entry: AuditEntry, previous: str, mac: Mac) -> bool:
    try:
        return follows(entry, previous, mac)
    except LookupError:
        return False
