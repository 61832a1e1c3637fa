"""Healing: what a provider's books have and ours have not, taken in where it belongs to us."""

from __future__ import annotations

import attrs

from printapic.application.payments.comparison import Difference
from printapic.application.payments.settlement import ProviderSilent, SyncPayment
from printapic.application.ports.payments import Done, Movement, MovementKind, PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import Conflict
from printapic.domain.ids import AttemptId, PaymentId
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Source


@attrs.frozen(kw_only=True)
class TakeInMissing:
    """Look at the checkout that a line of the provider's books belongs to, and settle what is seen there."""

    unit_of_work: UnitOfWorkFactory
    sync: SyncPayment

    def __call__(self, gateway: PaymentGateway, movement: Movement) -> Payment | None:
        """The payment that the line belongs to, as it is now; None where nobody can say."""
        found = self._owner(gateway, movement)
        if found is None:
            return None
        payment_id, attempt_id, checkout = found
        try:
            return self.sync(
                payment_id=payment_id, source=Source.RECONCILER, attempt_id=attempt_id, ref=checkout
            )
        except (ProviderSilent, Conflict):
            # The other lines are compared all the same.
            with self.unit_of_work.reading() as work:
                return work.payments.get(payment_id)

    def owner_of(self, gateway: PaymentGateway, *names: str | None) -> tuple[PaymentId, AttemptId] | None:
        """The attempt in which one of these names was seen."""
        with self.unit_of_work.reading() as work:
            found = (work.payments.by_ref(gateway.provider, gateway.livemode, name) for name in names if name)
            return next((owner for owner in found if owner is not None), None)

    def _owner(
        self, gateway: PaymentGateway, movement: Movement
    ) -> tuple[PaymentId, AttemptId, str | None] | None:
        """Known by its name, or by what the provider tells of it: no news of it may ever have come."""
        known = self.owner_of(gateway, movement.ref, movement.about)
        if known is not None:
            return *known, None
        match gateway.fetch(ref=movement.about or movement.ref):
            case Done(value=snapshot):
                with self.unit_of_work.reading() as work:
                    known = work.payments.by_reference(snapshot.our_reference)
                return None if known is None else (*known, snapshot.ref)
            case _:
                return None


def on_its_way(payment: Payment, difference: Difference) -> bool:
    """Whether it is a refund of ours that the provider has booked, and the bank has not decided about."""
    if difference.movement is not MovementKind.REFUND or difference.theirs is None:
        return False
    return any(
        operation.provider_ref == difference.ref
        and operation.under_way
        and operation.amount == -difference.theirs
        for operation in payment.refunds_asked
    )
