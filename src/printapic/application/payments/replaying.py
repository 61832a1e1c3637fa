"""Replaying: webhooks that nobody could look into, found and looked into again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import attrs

from printapic.application.payments.intake import settling
from printapic.application.payments.staff import Staff
from printapic.application.ports.clock import Clock
from printapic.application.ports.inbox import InboxPosition, InboxQuery
from printapic.application.ports.payments import PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import NotFound
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState

DEAD_AFTER = timedelta(hours=3)
"""What still waits then is dead: the growing pauses between all tries of its job are over."""


class WebhookEventNotFound(NotFound):
    code = "webhook-event-not-found"

    def __init__(self) -> None:
        super().__init__("No such webhook came from the environment that this shop works with.")


@attrs.frozen(kw_only=True)
class ListWebhookEvents:
    """Webhooks that came, newest first: all, or of one state, one provider, or older than some time."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self,
        *,
        state: InboxState | None = None,
        provider: Provider | None = None,
        older_than: timedelta | None = None,
        before: InboxPosition | None = None,
        limit: int = 100,
    ) -> tuple[InboxEntry, ...]:
        until = None if older_than is None else self.clock.now() - older_than
        query = InboxQuery(state=state, provider=provider, received_before=until)
        with self.unit_of_work.reading() as work:
            return work.inbox.page(query, before=before, limit=limit)


@attrs.frozen(kw_only=True)
class ReplayWebhook:
    """Look into a webhook again, whatever became of it: what it leads to is the same as before, or more."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(self, *, provider: str | None, event_id: str, staff: Staff) -> InboxEntry:
        """`provider` None is whichever sent it. Raises `WebhookEventNotFound`."""
        now = self.clock.now()
        with self.unit_of_work() as work:
            entry = self._find(work, provider, event_id)
            work.inbox.close(entry, InboxState.RECEIVED)
            work.jobs.enqueue(attrs.evolve(settling(entry), run_at=now))
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.WEBHOOK_REPLAY_REQUESTED,
                    actor_id=staff.user_id,
                    session_id=staff.session_id,
                    api_key_id=staff.api_key_id,
                    caller=staff.caller,
                    details={"provider": entry.provider.value, "event": entry.event_id},
                )
            )
            work.commit()
        return attrs.evolve(entry, state=InboxState.RECEIVED)

    def _find(self, work: UnitOfWork, provider: str | None, event_id: str) -> InboxEntry:
        for gateway in self.gateways.values():
            if provider in (None, gateway.provider.value):
                entry = work.inbox.get(gateway.provider, gateway.livemode, event_id)
                if entry is not None:
                    return entry
        raise WebhookEventNotFound
