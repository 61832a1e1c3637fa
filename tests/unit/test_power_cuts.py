"""The shop dies at every commit in turn, and comes back: nothing is lost and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias, TypeVar

import attrs
import pytest

from printapic.adapters.payments.simulated.faults import Fault
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from printapic.application.payments.dispatch import ProviderUnreachable
from printapic.application.ports.payments import Done
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId
from printapic.domain.orders.order import CLAIM_WINDOW, EDIT_WINDOW, TransitionRefused
from printapic.domain.payments.operation import LEASE
from tests.shop_floor import HOUR, ShopFloor, line, open_floor, user_of

T = TypeVar("T")
Story: TypeAlias = Callable[[ShopFloor, Actor, Actor], None]


class PowerCut(Exception):
    """The process is gone."""


@attrs.define
class Fuse:
    """Blows at the commit number `at`, before or after it took effect."""

    at: int = 0
    after: bool = False
    armed: bool = False
    commits: int = 0
    blown: bool = False

    def commit(self, commit: Callable[[], None]) -> None:
        self.commits += self.armed
        cut = self.armed and not self.blown and self.commits == self.at
        self.blown = self.blown or cut
        if cut and not self.after:
            raise PowerCut
        commit()
        if cut:
            raise PowerCut


def on(fuse: Fuse) -> Callable[..., MemoryUnitOfWorkFactory]:
    """Units of work that hang on this fuse."""

    class FragileUnits(MemoryUnitOfWorkFactory):
        @contextmanager
        def __call__(self) -> Iterator[MemoryUnitOfWork]:
            with super().__call__() as work:
                commit = work.commit
                work.commit = lambda: fuse.commit(commit)  # type: ignore[method-assign]
                yield work

    return FragileUnits


def insist(floor: ShopFloor, act: Callable[[], T]) -> T | None:
    """Do as a client does whose request broke off: ask again; that it was done is good news too."""
    for _ in range(3):
        try:
            return act()
        except (PowerCut, ProviderUnreachable):
            floor.clock.advance(LEASE)
        except TransitionRefused:
            return None
    raise AssertionError("the shop does not recover")


def recover(floor: ShopFloor) -> None:
    for _ in range(4):
        floor.hear()
        floor.later(HOUR)


def pay(floor: ShopFloor, anna: Actor) -> OrderId:
    image = insist(floor, lambda: floor.upload(anna))
    assert image is not None
    lines = (line(image),)
    quote_hash = floor.quote(*lines).quote_hash
    placed = insist(floor, lambda: floor.place(anna, *lines, quote_hash=quote_hash))
    assert placed is not None
    started = insist(floor, lambda: floor.start(placed.order))
    assert started is not None
    floor.press(started)
    recover_a_little(floor)
    return placed.order.id


def recover_a_little(floor: ShopFloor) -> None:
    """Within the edit window: what broke off is repeated after seconds."""
    for _ in range(4):
        floor.hear()
        floor.later(LEASE)


def call_off(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Pay an order, and call it off."""
    order_id = pay(floor, anna)
    insist(floor, lambda: floor.shop.cancel_order(order_id=order_id, actor=anna))
    recover(floor)
    order = floor.order(order_id)
    assert order.status == "cancelled"
    assert floor.payment(order).status == "refunded"
    assert floor.captured_and_refunded() == (300, 300)
    assert set(floor.told()) == {"order-placed", "payment-received", "order-cancelled", "refunded"}


def call_off_badly(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Pay an order and call it off, while the provider loses a refund's answer and is away for a while."""
    for nth, fault in enumerate((Fault.TIME_OUT_AFTER, Fault.REFUSE, Fault.TIME_OUT_BEFORE), start=1):
        floor.gateway.faults.plan("refund", nth, fault)
    call_off(floor, anna, operator)


def go_away(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Ask for a page, get no answer, never ask again, and call the order off."""
    image = insist(floor, lambda: floor.upload(anna))
    assert image is not None
    lines = (line(image),)
    quote_hash = floor.quote(*lines).quote_hash
    placed = insist(floor, lambda: floor.place(anna, *lines, quote_hash=quote_hash))
    assert placed is not None
    floor.gateway.faults.plan("open", 1, Fault.TIME_OUT_AFTER)
    with suppress(PowerCut, ProviderUnreachable):
        floor.start(placed.order)
    insist(floor, lambda: floor.shop.cancel_order(order_id=placed.order.id, actor=anna))
    recover(floor)
    payment = floor.shop.read_order_payment(order_id=placed.order.id, owner_id=None)
    if payment is not None:
        assert [each.id for each in payment.operations if each.undecided] == []
        assert [each.state for each in payment.attempts] == ["voided"]
        page = floor.gateway.find(our_reference=str(payment.attempts[0].id), since=payment.created_at)
        assert isinstance(page, Done)
        assert page.value is None or page.value.state == "voided"


def fulfil(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Pay an order, print it, send it, and wait until nobody can complain any more."""
    order_id = pay(floor, anna)
    floor.later(EDIT_WINDOW)
    recover(floor)
    insist(floor, lambda: floor.shop.ship_parcel(order_id=order_id, actor=operator, carrier="DHL"))
    parcel = floor.order(order_id).shipments[0].id
    insist(
        floor,
        lambda: floor.shop.mark_delivered(order_id=order_id, shipment_id=parcel, actor=operator),
    )
    recover(floor)
    floor.later(CLAIM_WINDOW)
    recover(floor)
    order = floor.order(order_id)
    assert order.status == "completed"
    assert floor.captured_and_refunded() == (300, 0)
    assert set(floor.told()) == {
        "order-placed",
        "payment-received",
        "in-production",
        "shipped",
        "delivered",
    }


def leave(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Leave the shop for good, in which an order was called off."""
    insist(floor, lambda: floor.shop.request_erasure(user_id=user_of(anna), actor_id=None))
    recover(floor)
    floor.later(HOUR)
    assert floor.shop.read_user(user_id=user_of(anna)).erased_at is not None
    (order,) = floor.shop.list_orders(actor=anna)
    assert floor.order(order.id).ship_to.name == "erased"
    assert floor.payment(floor.order(order.id)).attempts[0].return_url == ""
    invoice = insist(floor, lambda: floor.shop.open_invoice(number=order.number, reason="audit"))
    assert invoice is not None
    assert invoice["number"] == order.number
    assert [blob.key for blob in floor.store.list("")] == []
    assert [mail.to for mail in floor.mailer.mails if mail.to == "anna@example.org"] == []


def nothing(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    """Begin with an empty shop."""


@pytest.mark.parametrize("after", [False, True], ids=["before-commits", "after-commits"])
@pytest.mark.parametrize(
    ("past", "story", "commits"),
    [
        (nothing, call_off, 20),
        (nothing, call_off_badly, 20),
        (nothing, go_away, 10),
        (nothing, fulfil, 20),
        (call_off, leave, 5),
    ],
)
def test_a_shop_that_dies_at_any_commit_comes_to_the_same_end(
    past: Story, story: Story, commits: int, after: bool
) -> None:
    at = 0
    while True:
        at += 1
        fuse = Fuse(at=at, after=after)
        floor = open_floor(unit_of_work=on(fuse))
        anna, operator = floor.customer(), floor.staff(Role.OPERATOR)
        past(floor, anna, operator)
        fuse.armed = True
        story(floor, anna, operator)
        assert floor.dead() == [], f"dead jobs after a power cut at commit {at}"
        assert each_mail_has_one_name(floor), f"a mail under two names after a power cut at commit {at}"
        if not fuse.blown:
            break
    assert at > commits


def each_mail_has_one_name(floor: ShopFloor) -> bool:
    """The same mail may come twice, but as the same mail."""
    texts = {(mail.message_id, mail.content.subject) for mail in floor.mailer.mails}
    return len(texts) == len({subject for _, subject in texts})
