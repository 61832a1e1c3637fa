"""Webhook intake: verify, store once, answer; settle afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from printapic.application.payments.settlement import ProviderSilent, SyncPayment, hold_for_review
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.payments import (
    Done,
    Notification,
    PaymentGateway,
    RawDelivery,
    Rejected,
    WebhookVerifier,
)
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import NotFound
from printapic.domain.ids import AttemptId, PaymentId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.operation import NOT_FOUND
from printapic.domain.payments.payment import ForeignSnapshot
from printapic.domain.payments.review import Review
from printapic.domain.payments.transaction import Source


class WebhookNotConfigured(NotFound):
    code = "webhook-not-configured"

    def __init__(self) -> None:
        super().__init__("This shop takes no such webhooks.")


@attrs.frozen(kw_only=True)
class ReceiveWebhook:
    """Take in a provider's webhook. The same event again is welcome and changes nothing.

    The event lies in the inbox with the job that will look into it when this returns; only then is the
    provider told that we have it. What comes from another environment than our calls go to is kept, and
    nobody looks into it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    gateways: Mapping[Provider, PaymentGateway]
    verifiers: Mapping[Provider, WebhookVerifier]

    def __call__(self, *, provider: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises `WebhookNotConfigured`, `WebhookRejected` or `VerificationUnavailable`."""
        verifier = next((v for p, v in self.verifiers.items() if p.value == provider), None)
        if verifier is None:
            raise WebhookNotConfigured
        delivery = RawDelivery(body=body, headers=headers, received_at=self.clock.now())
        entry = self._entry(verifier.verify(delivery), delivery)
        with self.unit_of_work() as work:
            if not work.inbox.receive(entry):
                work.inbox.distrust(entry)
            elif entry.state is InboxState.RECEIVED:
                work.jobs.enqueue(settling(entry))
            work.commit()

    def _entry(self, notification: Notification, delivery: RawDelivery) -> InboxEntry:
        gateway = self.gateways.get(notification.provider)
        foreign = gateway is not None and gateway.livemode is not notification.livemode
        return InboxEntry(
            provider=notification.provider,
            livemode=notification.livemode,
            event_id=notification.event_id,
            type=notification.type,
            delivery_id=notification.delivery_id,
            ref=notification.ref,
            warning=notification.warning,
            body_sha256=notification.body_sha256,
            received_at=delivery.received_at,
            state=InboxState.IGNORED if foreign else InboxState.RECEIVED,
        )


@attrs.frozen(kw_only=True)
class SettleWebhook:
    """Reaction: look at the checkout that a webhook pointed at. About nothing of ours: ignored.

    What the provider names and we never heard of, because our call to open it had no answer yet or lost
    it, is asked about, and known by the reference that we gave it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    gateways: Mapping[Provider, PaymentGateway]
    sync: SyncPayment

    def __call__(self, *, provider: Provider, event_id: str) -> None:
        """Raises `ProviderSilent` where the provider could not be asked: to be tried again."""
        gateway = self.gateways.get(provider)
        if gateway is None:
            raise ProviderSilent
        with self.unit_of_work.reading() as work:
            entry = work.inbox.get(provider, gateway.livemode, event_id)
            if entry is None or entry.state is not InboxState.RECEIVED:
                return
            found = work.payments.by_ref(provider, entry.livemode, entry.ref) if entry.ref else None
        ref = None
        if found is None and entry.ref:
            found, ref = self._recognise(gateway, entry.ref)
        if found is not None:
            self._settle(entry, *found, ref)
        with self.unit_of_work() as work:
            work.inbox.close(entry, InboxState.PROCESSED if found else InboxState.IGNORED)
            work.commit()

    def _recognise(
        self, gateway: PaymentGateway, ref: str
    ) -> tuple[tuple[PaymentId, AttemptId] | None, str | None]:
        match gateway.fetch(ref=ref):
            case Done(value=snapshot):
                with self.unit_of_work.reading() as work:
                    return work.payments.by_reference(snapshot.our_reference), snapshot.ref
            case Rejected(code=code) if code == NOT_FOUND:
                return None, None
            case _:
                raise ProviderSilent

    def _settle(
        self, entry: InboxEntry, payment_id: PaymentId, attempt_id: AttemptId, ref: str | None
    ) -> None:
        if entry.warning is not None:
            # First of all: nothing may be printed while the provider is silent.
            self._ask_a_person(payment_id, Review.WARNING.of(entry.warning))
        try:
            self.sync(payment_id=payment_id, source=Source.WEBHOOK, attempt_id=attempt_id, ref=ref)
        except ForeignSnapshot:
            self._ask_a_person(payment_id, Review.SECOND_CHECKOUT.of(ref or entry.ref))

    def _ask_a_person(self, payment_id: PaymentId, reason: str) -> None:
        with self.unit_of_work.reading() as work:
            order_id = work.payments.get(payment_id).order_id
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            payment = work.payments.get(payment_id)
            reviewed = len(payment.review_reasons)
            payment.review(reason)
            if hold_for_review(order, payment, reviewed, self.clock.now()):
                work.orders.save(order)
            work.payments.save(payment)
            work.commit()


def settling(entry: InboxEntry) -> Job:
    """The promise to look into a webhook, as soon as it is stored."""
    return Job(
        name=SettleWebhook.__name__,
        payload={"provider": entry.provider.value, "event_id": entry.event_id},
        run_at=entry.received_at,
    )
