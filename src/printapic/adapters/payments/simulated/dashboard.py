"""The simulated provider's dashboard: what its staff and ours can do there, past the shop."""

from __future__ import annotations

from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.gateway import refundable
from printapic.domain.errors import Invalid
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import RefundFact, RefundState


class DashboardRefused(Invalid):
    code = "simulated-dashboard-refused"

    def __init__(self) -> None:
        super().__init__("There is no such capture or refund, or not that much is left of it.")


class ProviderDashboard:
    """Refunds of which the shop learns only by looking, and the bank's word on pending ones."""

    def __init__(self, books: SimulatedBooks) -> None:
        self._books = books

    def refund(self, capture_ref: str, amount: Money) -> RefundFact:
        """Give money back without the shop's doing. Raises `DashboardRefused`."""
        with self._books.entry() as entry:
            found = refundable(entry, capture_ref)
            if (
                found is None
                or found[1].currency != amount.currency
                or not 0 < amount.minor <= found[1].minor
            ):
                raise DashboardRefused
            fact = entry.accounts.give_back(
                capture_ref, amount, state=RefundState.SUCCEEDED, reason="dashboard", operation_id=None
            )
            entry.outgoing.announce("refund.succeeded", found[0].ref)
            return fact

    def decide_refund(self, ref: str, state: RefundState) -> RefundFact:
        """The bank decides: a pending refund succeeds or fails, a succeeded one may still come back.

        Raises `DashboardRefused` for any other step.
        """
        with self._books.entry() as entry:
            before = entry.accounts.refund(ref)
            found = None if before is None else entry.accounts.captured(before.capture_ref)
            if before is None or found is None or state not in _STEPS.get(before.state, ()):
                raise DashboardRefused
            entry.outgoing.announce(f"refund.{state.value}", found[0].ref)
            return entry.accounts.decide_refund(ref, state)


_STEPS = {
    RefundState.PENDING: (RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELLED),
    RefundState.SUCCEEDED: (RefundState.FAILED,),
}
