"""Looking up: what the provider's own books say of a call whose answer never came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import attrs

from printapic.application.payments.settlement import ProviderSilent, SyncPayment
from printapic.application.ports.payments import Done, PaymentGateway
from printapic.domain.payments.attempt import Attempt, Provider
from printapic.domain.payments.operation import Operation
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Source

_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a provider's clock may be behind ours: a checkout must not be overlooked for that."""


@attrs.frozen(kw_only=True)
class LookForEffect:
    """Ask whether a call that may have reached its provider had its effect. What is seen is settled."""

    gateways: Mapping[Provider, PaymentGateway]
    sync: SyncPayment

    def absent(self, payment: Payment, operation: Operation) -> bool:
        """Whether the provider's complete books show nothing of this call.

        False where they show it, and the operation is decided now, and where nobody can say yet.
        """
        attempt = payment.attempt(operation.attempt_id)
        if attempt.ref is not None:
            return self._undone(payment, operation, attempt.ref)
        found = self._find(attempt)
        if not isinstance(found, Done):
            return False
        return found.value is None or self._undone(payment, operation, found.value.ref)

    def _find(self, attempt: Attempt) -> object:
        gateway = self.gateways.get(attempt.provider)
        since = attempt.created_at - _CLOCKS_DIFFER
        return gateway.find(our_reference=str(attempt.id), since=since) if gateway else None

    def _undone(self, payment: Payment, operation: Operation, ref: str) -> bool:
        try:
            seen = self.sync(
                payment_id=payment.id, source=Source.RECONCILER, attempt_id=operation.attempt_id, ref=ref
            )
        except ProviderSilent:
            return False
        return seen.operation(operation.id).undecided
