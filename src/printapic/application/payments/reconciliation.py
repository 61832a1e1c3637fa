"""Reconciliation: every line of the providers' books compared with our own, once a day and when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import attrs

from printapic.application.payments.collection import ProviderNotOffered
from printapic.application.payments.healing import TakeInMissing
from printapic.application.payments.periods import EARLIEST, check_period
from printapic.application.payments.reconciliation_run import ProviderReport, ReconciliationRun
from printapic.application.payments.staff import Staff, demand_reason
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.payments import MovementsUnavailable, PaymentGateway
from printapic.application.ports.schedules import promise
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import FindingId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingClosed

LOOK_BACK = timedelta(days=31)
"""How far back the daily comparison reaches: a line that was pending, or held, appears under its old date."""
RECONCILE_EVERY = timedelta(days=1)

Progress = Callable[[Provider, datetime], None]
"""Is told how far the comparison of a provider's books has come."""


@attrs.frozen(kw_only=True)
class ReconcilePayments:
    """Compare the books of one provider, or of each, with our log and ledger.

    What is missing here and belongs to a checkout of ours is taken in, and compared again. What is of no
    payment, such as a payout, is written down once. What still differs is kept as a finding; open findings
    of that time that are gone are closed.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateways: Mapping[Provider, PaymentGateway]
    take_in: TakeInMissing

    def __call__(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        provider: Provider | None = None,
        progress: Progress = lambda provider, reached: None,
    ) -> tuple[ProviderReport, ...]:
        """From `since`, else a month before the end, up to `until`, or as far as each provider's books reach.

        A report says so where a provider does not show its books: nothing is concluded then. Raises
        `ProviderNotOffered` or `PeriodInvalid`.
        """
        if provider is not None and provider not in self.gateways:
            raise ProviderNotOffered([each.value for each in self.gateways])
        chosen = [self.gateways[provider]] if provider else list(self.gateways.values())
        reports = []
        for gateway in chosen:
            reach = self.clock.now() - gateway.capabilities().books_late_by
            end = reach if until is None else until
            begin = max(end, EARLIEST + LOOK_BACK) - LOOK_BACK if since is None else since
            check_period(begin, end)
            run = ReconciliationRun(
                unit_of_work=self.unit_of_work,
                clock=self.clock,
                identifiers=self.identifiers,
                gateway=gateway,
                take_in=self.take_in,
                since=begin,
                until=max(begin, min(end, reach)),
                reach=reach,
                progress=progress,
            )
            reports.append(run.report())
        return tuple(reports)


@attrs.frozen(kw_only=True)
class ReconcileDaily:
    """Reaction: the comparison of the last month. Repeating it does no harm.

    Raises `MovementsUnavailable` where a provider did not show its books, so that it is tried again.
    """

    reconcile: ReconcilePayments

    def __call__(self) -> None:
        if not all(report.available for report in self.reconcile()):
            raise MovementsUnavailable


@attrs.frozen(kw_only=True)
class ScheduleReconciliation:
    """Promise the comparison of the present day, unless somebody has; return when the next day begins."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        return promise(self.unit_of_work, self.clock, ReconcileDaily.__name__, every=RECONCILE_EVERY)


@attrs.frozen(kw_only=True)
class ListFindings:
    """What comparisons found, newest first."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, query: FindingQuery, before: FindingId | None = None, limit: int
    ) -> tuple[Finding, ...]:
        with self.unit_of_work.reading() as work:
            return work.findings.page(query, before=before, limit=limit)


@attrs.frozen(kw_only=True)
class CloseFinding:
    """Somebody looked at a difference and knows why it is none, or put it right elsewhere."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, finding_id: FindingId, reason: str, staff: Staff) -> Finding:
        """Raises `FindingNotFound`, `FindingClosed` or `ReasonNeeded`."""
        demand_reason(reason)
        now = self.clock.now()
        with self.unit_of_work() as work:
            if not work.findings.close(finding_id, by=staff.user_id, note=reason.strip(), at=now):
                work.findings.get(finding_id)
                raise FindingClosed
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.FINDING_CLOSED,
                    actor_id=staff.user_id,
                    session_id=staff.session_id,
                    api_key_id=staff.api_key_id,
                    caller=staff.caller,
                    details={"finding": str(finding_id), "reason": reason.strip()},
                )
            )
            closed = work.findings.get(finding_id)
            work.commit()
        return closed
