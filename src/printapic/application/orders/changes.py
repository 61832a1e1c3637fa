"""Changing orders: calling them off, holding them, and what time does to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.orders.commands import change_order
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.versions import Versions
from printapic.domain.actors import SYSTEM, Actor
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason, OrderStatus

_UNTIL_RENDERED = timedelta(minutes=5)


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Call an order off. Reactions close its checkouts and give back what was paid."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(
        self, *, order_id: OrderId, actor: Actor, reason: str | None = None, versions: Versions = None
    ) -> Order:
        """Raises `OrderNotFound`, `VersionDiffers`, `TransitionRefused` or `TransitionDenied`."""
        at = self.clock.now()
        return change_order(
            self.unit_of_work,
            order_id,
            actor,
            versions,
            lambda order: order.cancel(actor, reason=reason, at=at),
        )


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
            lambda order: order.abort(actor, reason=reason, at=at),
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
            lambda order: order.waive_edit_window(actor, at=at),
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
            lambda order: order.hold(actor, reason=reason, at=at),
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
            lambda order: order.release(actor, at=at),
        )


@attrs.frozen(kw_only=True)
class ExpireOrder:
    """Reaction: an order that was not paid in time is called off. Later money is refunded."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, order_id: OrderId) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            if order.status is not OrderStatus.AWAITING_PAYMENT:
                return
            order.expire(at=self.clock.now())
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
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

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
            else:
                order.start_production(SYSTEM, at=now)
                work.orders.save(order)
            work.commit()


def _advance_at(order_id: OrderId, run_at: datetime) -> Job:
    return Job(name=AdvanceOrder.__name__, payload={"order_id": str(order_id)}, run_at=run_at)
