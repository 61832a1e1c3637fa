"""The front door: every use case is there once, and jobs find theirs by name."""

from __future__ import annotations

from typing import get_type_hints

import attrs
import pytest

from printapic.application.ports.jobs import Job
from printapic.application.shop import Shop, UnknownJob
from printapic.domain.actors import Actor
from printapic.domain.orders.order import PAYMENT_WINDOW, OrderNotFound
from printapic.domain.orders.status import OrderStatus
from tests.shop_floor import ShopFloor


def test_every_use_case_stands_under_its_own_name_once() -> None:
    hints = get_type_hints(Shop)
    for field in attrs.fields(Shop):
        words = hints[field.name].__name__
        assert field.name == "".join(f"_{c.lower()}" if c.isupper() else c for c in words).lstrip("_")


def test_a_job_runs_the_use_case_of_its_name_with_values_as_it_wants_them(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    floor.clock.advance(PAYMENT_WINDOW)
    floor.perform("ExpireOrder", order_id=str(order.id))
    assert floor.order(order.id).status is OrderStatus.EXPIRED


def test_arguments_of_a_newer_version_are_left_out(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.clock.advance(PAYMENT_WINDOW)
    floor.perform("ExpireOrder", order_id=str(order.id), reason="of a newer version", retries=3)
    assert floor.order(order.id).status is OrderStatus.EXPIRED


def test_what_the_use_case_raises_is_the_workers_business(floor: ShopFloor, anna: Actor) -> None:
    with pytest.raises(OrderNotFound):
        floor.perform("ExpireOrder", order_id=str(anna.user_id))


@pytest.mark.parametrize("payload", [{}, {"order_id": "not an id"}, {"order_id": None}])
def test_a_job_that_makes_no_sense_fails_and_changes_nothing(
    floor: ShopFloor, payload: dict[str, str | None]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        floor.shop.perform(Job(name="ExpireOrder", payload=payload, run_at=floor.clock.now()))


@pytest.mark.parametrize(
    "name", ["", "FoldPaperPlanes", "expire_order", "perform", "__class__", "Shop", "CreateAdmin"]
)
def test_a_job_without_a_use_case_stays_for_a_version_that_has_one(floor: ShopFloor, name: str) -> None:
    with pytest.raises(UnknownJob):
        floor.perform(name)
    with floor.unit_of_work() as work:
        work.jobs.enqueue(Job(name=name, payload={}, run_at=floor.clock.now()))
        work.commit()
    floor.work()
    assert [(job.name, job.error) for job in floor.worker.list() if job.error] == [(name, "UnknownJob")]
