"""Units of work: all or nothing, one at a time where they meet, and jobs only for what was committed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.application.ports.users import EmailTaken
from printapic.domain.actors import Actor, Role
from printapic.domain.images.image import Image
from printapic.domain.orders.order import Order, TransitionRefused
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.operation import OperationState
from printapic.domain.users.user import User, UserNotFound
from tests import builders as b
from tests.integration.stores import Store, Unanswerable

THREADS = 8
CUSTOMER = Actor(b.CUSTOMER, frozenset({Role.CUSTOMER}))


class Mishap(Exception):
    """Something goes wrong in the middle of a unit."""


def a_user_just_verified() -> User:
    user = b.another_customer()
    return User.verify(
        id=user.id,
        email=user.email,
        password_hash="hash",
        name=None,
        locale=user.locale,
        roles=frozenset({Role.CUSTOMER}),
        at=b.NOON,
    )


def a_waiting_order(**fields: Any) -> Order:
    given = {"status": OrderStatus.AWAITING_PAYMENT, "history": (), "hold_reason": None, **fields}
    return b.another_order(**given)


def keep(store: Store, *things: User | Order | Image) -> None:
    """Store these in a unit of their own."""
    with store.units() as work:
        for thing in things:
            match thing:
                case User():
                    work.users.add(thing)
                case Order():
                    work.orders.add(thing)
                case Image():
                    work.images.add(thing)
        work.commit()


def users(store: Store) -> list[Any]:
    with store.units.reading() as work:
        return [user.id for user in work.users.all(after=None, limit=100)]


def test_leaving_without_a_commit_keeps_nothing(store: Store) -> None:
    user = a_user_just_verified()
    with store.units() as work:
        work.users.add(user)
        work.jobs.enqueue(Job(name="explicit", payload={}, run_at=b.NOON))
    assert (users(store), store.jobs(), store.wakings.count) == ([], [], 0)


def test_leaving_by_an_exception_keeps_nothing(store: Store) -> None:
    def fail() -> None:
        with store.units() as work:
            work.users.add(a_user_just_verified())
            work.jobs.enqueue(Job(name="explicit", payload={}, run_at=b.NOON))
            raise Mishap

    with pytest.raises(Mishap):
        fail()
    assert (users(store), store.jobs(), store.wakings.count) == ([], [], 0)


def test_an_exception_after_the_commit_takes_nothing_back(store: Store) -> None:
    user = a_user_just_verified()

    def fail_late() -> None:
        with store.units() as work:
            work.users.add(user)
            work.commit()
            raise Mishap

    with pytest.raises(Mishap):
        fail_late()
    assert (users(store), store.jobs(), store.wakings.count) == ([user.id], ["UserVerified"], 1)


def test_nobody_sees_anything_before_the_commit(store: Store) -> None:
    user = a_user_just_verified()
    with store.units() as work:
        work.users.add(user)
        work.jobs.enqueue(Job(name="explicit", payload={}, run_at=b.NOON))
        assert users(store) == []
        assert store.jobs() == []
        work.commit()
        assert users(store) == [user.id]
        assert store.jobs() == ["explicit", "UserVerified"]


def test_a_unit_sees_what_it_did_itself(store: Store) -> None:
    user = a_user_just_verified()
    with store.units() as work:
        work.users.add(user)
        assert work.users.get(user.id) == user
        assert work.users.by_email(user.email.key) == user


def test_events_become_jobs_once_and_in_their_order(store: Store) -> None:
    user = a_user_just_verified()
    user.set_roles(frozenset({Role.OPERATOR}), at=b.NOON)
    order = a_waiting_order()
    keep(store, b.a_customer(), order)
    with store.units() as work:
        work.users.add(user)
        found = work.orders.get(order.id)
        found.confirm(paid=found.total, at=b.NOON)
        work.orders.save(found)
        user.set_roles(frozenset({Role.ADMIN}), at=b.NOON)
        work.users.save(user)
        work.commit()
    assert store.jobs() == ["UserVerified", "RolesChanged", "OrderConfirmed", "RolesChanged"]
    with store.units() as work:
        work.orders.save(work.orders.get(order.id))
        work.commit()
    assert len(store.jobs()) == 4


def test_events_of_what_was_changed_but_not_saved_become_no_jobs(store: Store) -> None:
    order = a_waiting_order()
    keep(store, b.a_customer(), order)
    with store.units() as work:
        found = work.orders.get(order.id)
        found.confirm(paid=found.total, at=b.NOON)
        work.commit()
    assert store.jobs() == []


def test_the_worker_is_woken_only_when_there_is_something_to_do(store: Store) -> None:
    keep(store, b.a_customer())
    assert store.wakings.count == 0
    with store.units() as work:
        work.jobs.enqueue(Job(name="explicit", payload={"a": "b", "n": 1, "none": None}, run_at=b.NOON))
        work.commit()
    assert store.wakings.count == 1


def test_a_unit_is_committed_once_and_not_used_afterwards(store: Store) -> None:
    with store.units() as work:
        work.users.add(a_user_just_verified())
        work.commit()
        with pytest.raises(RuntimeError):
            work.commit()
        with pytest.raises(RuntimeError):
            work.users.add(a_user_just_verified())
        with pytest.raises(RuntimeError):
            work.jobs.enqueue(Job(name="late", payload={}, run_at=b.NOON))
    assert len(users(store)) == 1
    assert store.jobs() == ["UserVerified"]


def test_a_unit_whose_reactions_failed_is_not_committed_without_its_jobs(store: Store) -> None:
    """A second try would store the state and lose the promise."""
    user = a_user_just_verified()
    user._record(Unanswerable(at=b.NOON))
    with store.units() as work:
        work.users.add(user)
        with pytest.raises(LookupError):
            work.commit()
        with pytest.raises(RuntimeError):
            work.commit()
    assert (users(store), store.jobs()) == ([], [])


def test_a_unit_that_reads_writes_nothing(store: Store) -> None:
    keep(store, b.a_customer())
    with store.units.reading() as work:
        customer = work.users.get(b.CUSTOMER)
        for refused in (
            lambda: work.users.add(b.another_customer()),
            lambda: work.users.save(customer),
            lambda: work.inbox.receive(b.an_inbox_entry()),
            lambda: work.notifications.add(b.a_notification()),
            lambda: work.price_lists.add(b.a_price_list()),
            lambda: work.batches.add(b.a_batch()),
            lambda: work.jobs.enqueue(Job(name="x", payload={}, run_at=b.NOON)),
            work.commit,
        ):
            with pytest.raises(RuntimeError):
                refused()
    assert users(store) == [b.CUSTOMER]
    with store.units.reading() as work:
        assert work.price_lists.current() is None
        assert work.users.get(b.CUSTOMER).version == customer.version


def test_a_stale_save_is_refused_and_changes_nothing(store: Store) -> None:
    keep(store, b.a_customer(), order := a_waiting_order())
    with store.units.reading() as work:
        first, second = work.orders.get(order.id), work.orders.get(order.id)
    first.confirm(paid=first.total, at=b.NOON)
    second.cancel(CUSTOMER, reason="too late", at=b.NOON)
    with store.units() as work:
        work.orders.save(first)
        work.commit()
    with store.units() as work, pytest.raises(ConcurrentUpdate):
        work.orders.save(second)
    with store.units.reading() as work:
        assert work.orders.get(order.id).status is OrderStatus.CONFIRMED
    assert store.jobs() == ["OrderConfirmed"]


def test_saving_what_was_never_added_is_refused(store: Store) -> None:
    with store.units() as work, pytest.raises(ConcurrentUpdate):
        work.users.save(b.another_customer())


def test_a_unit_can_go_on_after_a_conflict(store: Store) -> None:
    """Whoever finds an address taken can still write down that they tried."""
    keep(store, b.a_customer())
    registration = b.a_registration()
    with store.units() as work:
        with pytest.raises(EmailTaken):
            work.users.add(b.another_customer(email=b.a_customer().email))
        work.registrations.add(registration)
        work.commit()
    with store.units.reading() as work:
        assert work.registrations.get(registration.id) == registration
        assert work.users.all(after=None, limit=9) == (b.a_customer(),)


def at_once(task: Callable[[int], Any]) -> list[Any]:
    """What `THREADS` threads return, or raise, that all begin at the same moment."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> Any:
        start.wait()
        try:
            return task(number)
        except (ConcurrentUpdate, EmailTaken, TransitionRefused) as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_of_many_who_read_the_same_version_exactly_one_saves(store: Store) -> None:
    keep(store, b.a_customer(), order := a_waiting_order())
    with store.units.reading() as work:
        copies = [work.orders.get(order.id) for _ in range(THREADS)]

    def confirm(number: int) -> str:
        copies[number].confirm(paid=order.total, at=b.minutes(number))
        with store.units() as work:
            work.orders.save(copies[number])
            work.commit()
        return "saved"

    outcomes = at_once(confirm)
    assert outcomes.count("saved") == 1
    assert sum(isinstance(outcome, ConcurrentUpdate) for outcome in outcomes) == THREADS - 1
    assert store.jobs() == ["OrderConfirmed"]


def test_units_that_read_and_change_the_same_thing_queue_up_and_lose_nothing(store: Store) -> None:
    """Each finds what the one before it left, parts included, and none is refused."""
    keep(store, b.a_customer(), order := a_waiting_order(version=0, shipments=()))

    def add_parcel(number: int) -> None:
        with store.units() as work:
            found = work.orders.get(order.id)
            found.shipments = (*found.shipments, b.a_shipment(carrier=f"carrier {number}"))
            found.history = (*found.history, b.a_history_entry(reason=str(number)))
            work.orders.save(found)
            work.commit()

    assert at_once(add_parcel) == [None] * THREADS
    with store.units.reading() as work:
        found = work.orders.get(order.id)
    assert {parcel.carrier for parcel in found.shipments} == {f"carrier {n}" for n in range(THREADS)}
    assert {entry.reason for entry in found.history} == {str(n) for n in range(THREADS)}
    assert found.version == THREADS


def test_payments_queue_up_too_so_an_operation_is_sent_by_one(store: Store) -> None:
    payment = b.a_payment(
        operations=(operation := b.an_operation(state=OperationState.PREPARED, leased_until=None),),
        transactions=(),
    )
    keep(store, b.a_customer(), b.an_order())
    with store.units() as work:
        work.payments.add(payment)
        work.commit()

    def dispatch(number: int) -> bool:
        with store.units() as work:
            found = work.payments.get(payment.id) if number % 2 else work.payments.of_order(b.ORDER)
            assert found
            sent = found.dispatch(operation.id, at=b.NOON)
            work.payments.save(found)
            work.commit()
            return sent is not None

    assert sorted(at_once(dispatch)) == [False] * (THREADS - 1) + [True]


def test_of_many_who_want_one_address_exactly_one_gets_it(store: Store) -> None:
    email = b.a_customer().email

    def join(_: int) -> str:
        with store.units() as work:
            work.users.add(b.another_customer(email=email))
            work.commit()
        return "joined"

    outcomes = at_once(join)
    assert outcomes.count("joined") == 1
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == THREADS - 1
    assert len(users(store)) == 1


def test_of_many_deliveries_of_one_webhook_exactly_one_is_received(store: Store) -> None:
    entry = b.an_inbox_entry()

    def deliver(_: int) -> bool:
        with store.units() as work:
            received = work.inbox.receive(attrs.evolve(entry))
            work.commit()
            return received

    assert sorted(at_once(deliver)) == [False] * (THREADS - 1) + [True]


def test_no_unit_leaks_what_it_holds(store: Store) -> None:
    """Far more units than the pool has connections, ended in every way."""
    for _ in range(40):
        with store.units() as work:
            work.users.add(b.another_customer())
        with pytest.raises(UserNotFound), store.units.reading() as work:
            work.users.get(b.CUSTOMER)
        with pytest.raises(UserNotFound), store.units() as work:
            work.users.get(b.CUSTOMER)
    keep(store, b.a_customer())
    assert users(store) == [b.CUSTOMER]


def test_a_store_that_is_gone_is_said_to_be_unavailable_at_every_door(store: Store) -> None:
    with store.outage():
        with pytest.raises(StorageUnavailable), store.units() as work:
            work.users.by_email("x")
        with pytest.raises(StorageUnavailable), store.units.reading() as work:
            work.users.by_email("x")
    keep(store, b.a_customer())
    assert users(store) == [b.CUSTOMER]


def test_a_commit_that_does_not_come_through_is_no_success(store: Store) -> None:
    with store.units() as work:
        work.users.add(a_user_just_verified())
        with store.outage(), pytest.raises(StorageUnavailable):
            work.commit()
    assert (users(store), store.jobs(), store.wakings.count) == ([], [], 0)


def test_a_unit_that_lost_its_store_cannot_be_committed_when_the_store_is_back(store: Store) -> None:
    """Half of it would be missing."""
    with store.units() as work:
        work.users.add(a_user_just_verified())
        with store.outage(), pytest.raises(StorageUnavailable):
            work.users.add(a_user_just_verified())
        with pytest.raises(StorageUnavailable):
            work.commit()
    assert users(store) == []
