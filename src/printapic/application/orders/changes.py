"""Changing orders: calling them off, holding them, and what time does to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.orders.collecting import collect_money, fulfillable
from printapic.application.orders.commands import change_order
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.ports.versions import Versions
from printapic.domain.actors import SYSTEM, Actor
from printapic.domain.errors import Conflict
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason, OrderStatus

_BANKS_DECIDE = timedelta(hours=1)
_BANKS_DECIDE = timedelta(hours=1)
_UNTIL_RENDERED = timedelta(minutes=5)


class MoneyOnItsWay(Conflict):
    """A provider was asked to take the money and has not answered: nobody knows yet whether it did."""

    code = "money-on-its-way"

    def __init__(self) -> None:
        super().__init__("The payment is being taken right now. Please try again in a minute.")


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Call an order off. Reactions close its checkouts and give back what was paid."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self, *, order_id: OrderId, actor: Actor, reason: str | None = None, versions: Versions = None
    ) -> Order:
        """`MoneyOnItsWay` is raised where the customer's money may be taken at this very moment.

        Also raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`.
        """

        def cancel(work: UnitOfWork, order: Order) -> None:
            order.cancel(actor, reason=reason, at=self.clock.now())
            payment = work.payments.of_order(order_id)
            if payment is None:
                return
            if payment.taking:
                raise MoneyOnItsWay
            if payment.forgo():
                work.payments.save(payment)

        return change_order(self.unit_of_work, order_id, actor, versions, cancel)


@attrs.frozen(kw_only=True)
class AbortOrder:
    """Give up an order in production of which nothing has shipped; all of it is refunded."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, actor: Actor, reason: str, versions: Versions = None) -> Order:
        """Raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`."""
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda _, order: order.abort(actor, reason=reason, at=at),
        )


@attrs.frozen(kw_only=True)
class WaiveEditWindow:
    """The customer lets an operator start production now.

    Nobody has to: by the end of the full window `AdvanceOrder` starts it in any case.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, actor: Actor, versions: Versions = None) -> Order:
        """Raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`."""
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda _, order: order.waive_edit_window(actor, at=at),
        )


@attrs.frozen(kw_only=True)
class HoldOrder:
    """Make production wait, for a stated reason."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self, *, order_id: OrderId, actor: Actor, reason: HoldReason, versions: Versions = None
    ) -> Order:
        """Raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`."""
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda _, order: order.hold(actor, reason=reason, at=at),
        )


@attrs.frozen(kw_only=True)
class ReleaseOrder:
    """Let a held order go on."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId, actor: Actor, versions: Versions = None) -> Order:
        """Raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`."""
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda _, order: order.release(actor, at=at),
        )


@attrs.frozen(kw_only=True)
class ExpireOrder:
    """Reaction: an order that was not paid in time is called off. Later money is refunded.

    Not while a bank still decides about its money, which takes days with some ways to pay.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            if order.status is not OrderStatus.AWAITING_PAYMENT:
                return
            now = self.clock.now()
            payment = work.payments.of_order(order_id)
            if payment is not None and payment.on_its_way(at=now):
                later = now + _BANKS_DECIDE
                work.jobs.enqueue(
                    Job(name=ExpireOrder.__name__, payload={"order_id": str(order_id)}, run_at=later)
                )
            else:
                order.expire(at=now)
                if payment is not None and payment.forgo():
                    work.payments.save(payment)
                work.orders.save(order)
            work.commit()


@attrs.frozen(kw_only=True)
class CompleteOrder:
    """Reaction: the claim window of a delivered order has passed."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            if order.status is not OrderStatus.DELIVERED:
                return
            order.complete(at=self.clock.now())
            work.orders.save(order)
            work.commit()


@attrs.frozen(kw_only=True)
class AdvanceOrder:
    """Reaction: when the edit window is over, a confirmed order goes into production by itself.

    While its print files are still missing this comes back again and again, however long that takes.
    Money that a bank only holds is taken first: this comes back when it has come (`MoneyCollected`), and
    where a person has to look at the payment when they have (`ReviewResolved`).
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, order_id: OrderId) -> None:
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            if order.status is not OrderStatus.CONFIRMED:
                return
            if order.edit_until is not None and now < order.edit_until:
                work.jobs.enqueue(_advance_at(order_id, order.edit_until))
            elif not order.print_files_ready:
                work.jobs.enqueue(_advance_at(order_id, now + _UNTIL_RENDERED))
            elif fulfillable(work, order_id) and collect_money(work, order_id, self.identifiers, at=now):
                order.start_production(SYSTEM, at=now)
                work.orders.save(order)
            work.commit()


def _advance_at(order_id: OrderId, run_at: datetime) -> Job:
    return Job(name=AdvanceOrder.__name__, payload={"order_id": str(order_id)}, run_at=run_at)
