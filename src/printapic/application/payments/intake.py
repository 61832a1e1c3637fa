"""Webhook intake: verify, store once, answer; settle afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from printapic.application.payments.settlement import SyncPayment
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.payments import RawDelivery, WebhookVerifier
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import NotFound
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.transaction import Source


class WebhookNotConfigured(NotFound):
    code = "webhook-not-configured"

    def __init__(self) -> None:
        super().__init__("This shop takes no such webhooks.")


@attrs.frozen(kw_only=True)
class ReceiveWebhook:
    """Take in a provider's webhook. The same event again is welcome and changes nothing.

    The event lies in the inbox with the job that will look into it when this returns; only then is the
    provider told that we have it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    verifiers: Mapping[Provider, WebhookVerifier]

    def __call__(self, *, provider: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises `WebhookNotConfigured`, `WebhookRejected` or `VerificationUnavailable`."""
        verifier = next((v for p, v in self.verifiers.items() if p.value == provider), None)
        if verifier is None:
            raise WebhookNotConfigured
        now = self.clock.now()
        notification = verifier.verify(RawDelivery(body=body, headers=headers, received_at=now))
        entry = InboxEntry(
            provider=notification.provider,
            livemode=notification.livemode,
            event_id=notification.event_id,
            type=notification.type,
            ref=notification.ref,
            body_sha256=notification.body_sha256,
            received_at=now,
        )
        with self.unit_of_work() as work:
            if work.inbox.receive(entry):
                work.jobs.enqueue(
                    Job(
                        name=SettleWebhook.__name__,
                        payload={"provider": entry.provider.value, "event_id": entry.event_id},
                        run_at=now,
                    )
                )
                work.commit()


@attrs.frozen(kw_only=True)
class SettleWebhook:
    """Reaction: look at the checkout that a webhook pointed at. About nothing of ours: ignored."""

    unit_of_work: UnitOfWorkFactory
    sync: SyncPayment

    def __call__(self, *, provider: Provider, event_id: str) -> None:
        with self.unit_of_work.reading() as work:
            entry = work.inbox.get(provider, event_id)
            if entry is None or entry.state is not InboxState.RECEIVED:
                return
            found = work.payments.by_ref(provider, entry.livemode, entry.ref) if entry.ref else None
        if found is not None:
            self.sync(payment_id=found[0], source=Source.WEBHOOK, attempt_id=found[1])
        with self.unit_of_work() as work:
            work.inbox.close(entry, InboxState.PROCESSED if found else InboxState.IGNORED)
            work.commit()
