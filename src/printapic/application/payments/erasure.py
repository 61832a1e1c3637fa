"""Letting go of who paid, and keeping every movement of money."""

from __future__ import annotations

import attrs

from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import PaymentId, UserId
from printapic.domain.payments.payment import Payment

_PAGE = 100


@attrs.frozen(kw_only=True)
class ErasePayments:
    """Reaction: clear the payments of an erased user, one transaction each. The log is left as it is.

    What the payment provider knows of its customers is the provider's, who answers for it alone.
    """

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, user_id: UserId) -> None:
        after: PaymentId | None = None
        while page := self._page(user_id, after):
            for payment in page:
                self._erase(payment.id)
            after = page[-1].id

    def _page(self, user_id: UserId, after: PaymentId | None) -> tuple[Payment, ...]:
        with self.unit_of_work.reading() as work:
            return work.payments.of_user(user_id, after=after, limit=_PAGE)

    def _erase(self, payment_id: PaymentId) -> None:
        with self.unit_of_work() as work:
            payment = work.payments.get(payment_id)
            if payment.forget():
                work.payments.save(payment)
                work.commit()
