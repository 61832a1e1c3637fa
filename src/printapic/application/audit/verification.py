"""Proving that nobody touched the audit log, or naming the first row that somebody did."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from printapic.application.ports.audit import AuditCheckpoints, AuditSeal, UnknownSealKey
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.chain import ChainHead
from printapic.domain.audit.checkpoint import AuditCheckpoint, CheckpointForged
from printapic.domain.audit.event import AuditStream
from printapic.domain.audit.tampering import AuditFinding, Row, Tampering, judge

CHECKPOINTS = "checkpoints"
"""What a finding calls the list of checkpoints itself; its numbers count them from 1."""

_PAGE = 500


@attrs.frozen(kw_only=True)
class AuditReport:
    """How many entries and checkpoints are genuine, and the first wrong row of each stream."""

    entries: int
    checkpoints: int
    findings: tuple[AuditFinding, ...]

    @property
    def intact(self) -> bool:
        return not self.findings


@attrs.frozen
class VerifyAuditLog:
    """Read every entry of every stream, a page at a time, and hold the chains against the checkpoints.

    Up to the newest checkpoint nothing goes unnoticed; behind it, only that entries were cut off at the
    end can. What is logged meanwhile is read too, or left to the next time. Raises `StorageUnavailable` and
    `CheckpointsUnavailable`.
    """

    unit_of_work: UnitOfWorkFactory
    audit_seal: AuditSeal
    audit_checkpoints: AuditCheckpoints

    def __call__(self) -> AuditReport:
        verdicts = [judge(stream, self._rows(stream), self.audit_seal.mac) for stream in AuditStream]
        found = _Findings()
        for verdict in verdicts:
            found.add(verdict.finding)
        for stream in self._strange_streams():
            found.add(AuditFinding(stream=stream, sequence=self._first(stream), what=Tampering.INSERTED))
        checkpoints = self._checkpoints(found)
        return AuditReport(
            entries=sum(verdict.genuine for verdict in verdicts),
            checkpoints=checkpoints,
            findings=tuple(sorted(found.first.values(), key=lambda finding: finding.stream)),
        )

    def _rows(self, stream: str) -> Iterator[Row]:
        """Each page begins with the last row of the one before, lest its number be there twice."""
        rows = self._page(stream, None)
        while rows:
            yield from rows
            last = rows[-1].sequence
            rows = () if last is None else self._page(stream, last)[1:]

    def _page(self, stream: str, since: int | None, limit: int = _PAGE) -> tuple[Row, ...]:
        with self.unit_of_work.reading() as work:
            return work.audit.chain(stream, since=since, limit=limit)

    def _first(self, stream: str) -> int:
        rows = self._page(stream, None, limit=1)
        return (rows[0].sequence if rows else None) or 0

    def _strange_streams(self) -> set[str]:
        with self.unit_of_work.reading() as work:
            return set(work.audit.streams()) - {stream.value for stream in AuditStream}

    def _checkpoints(self, found: _Findings) -> int:
        """Hold the log against every checkpoint; how many of them are genuine."""
        genuine = 0
        trusted: dict[str, ChainHead] = {}
        for number, text in enumerate(self.audit_checkpoints.all(), 1):
            try:
                checkpoint = AuditCheckpoint.read(text, self.audit_seal.mac)
            except CheckpointForged:
                found.add(AuditFinding(stream=CHECKPOINTS, sequence=number, what=Tampering.FORGED))
            except UnknownSealKey:
                found.add(AuditFinding(stream=CHECKPOINTS, sequence=number, what=Tampering.UNKNOWN_KEY))
            else:
                genuine += 1
                for head in checkpoint.heads:
                    self._hold(head, trusted, found)
        return genuine

    def _hold(self, head: ChainHead, trusted: dict[str, ChainHead], found: _Findings) -> None:
        """Compare the log with a remembered end of a chain. Most are the same as in the last checkpoint."""
        before = trusted.get(head.stream, ChainHead(stream=head.stream))
        if head == before:
            return
        finding = self._difference(head, before.sequence)
        found.add(finding)
        if finding is None:
            trusted[head.stream] = head

    def _difference(self, head: ChainHead, trusted_until: int) -> AuditFinding | None:
        rows = self._page(head.stream, head.sequence, limit=1)
        if rows and rows[0].sequence == head.sequence and getattr(rows[0], "mac", None) == head.mac:
            return None
        if rows:
            missing = rows[0].sequence != head.sequence
            what, sequence = Tampering.MISSING if missing else Tampering.REWRITTEN, head.sequence
        else:
            what, sequence = Tampering.TRUNCATED, self._end(head.stream) + 1
        return AuditFinding(stream=head.stream, sequence=sequence, what=what, trusted_until=trusted_until)

    def _end(self, stream: str) -> int:
        with self.unit_of_work.reading() as work:
            return work.audit.head(stream).sequence


@attrs.frozen
class _Findings:
    """The first finding of each stream: what comes behind a wrong row cannot be trusted anyway."""

    first: dict[str, AuditFinding] = attrs.field(factory=dict)

    def add(self, finding: AuditFinding | None) -> None:
        if finding is None:
            return
        known = self.first.get(finding.stream)
        if known is None or finding.sequence < known.sequence:
            self.first[finding.stream] = finding
