"""Letting go of who ordered, and keeping what was sold."""

from __future__ import annotations

import attrs

from printapic.application.orders.invoices import retained
from printapic.application.ports.orders import OrderSummary
from printapic.application.ports.secrets import Sealer
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import OrderId, UserId

_PAGE = 100


@attrs.frozen(kw_only=True)
class EraseOrders:
    """Reaction: clear the orders of an erased user, one transaction each.

    Of every order for which money came, the invoice is sealed and put away in the same transaction.
    """

    unit_of_work: UnitOfWorkFactory
    sealer: Sealer

    def __call__(self, *, user_id: UserId) -> None:
        before: OrderId | None = None
        while page := self._page(user_id, before):
            for summary in page:
                self._erase(summary.id)
            before = page[-1].id

    def _page(self, user_id: UserId, before: OrderId | None) -> tuple[OrderSummary, ...]:
        with self.unit_of_work.reading() as work:
            return work.orders.page(owner_id=user_id, before=before, limit=_PAGE)

    def _erase(self, order_id: OrderId) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            payment = work.payments.of_order(order_id)
            whole = attrs.evolve(order)
            if not order.forget():
                return
            if payment is not None and payment.captured:
                work.invoices.add(retained(whole, payment, self.sealer))
            work.orders.save(order)
            work.commit()
