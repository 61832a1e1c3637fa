"""Passwords are tried at a bearable rate, and nobody locks anybody out for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.throttle import TooManyRequests
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.application.ports.users import HasherBusy
from printapic.application.users.limits import FAILURES_IN_A_ROW, FAILURES_IN_ALL, FAILURES_PER_CLIENT
from printapic.domain.actors import UNKNOWN_CALLER, Actor, Caller
from printapic.domain.audit.event import AuditAction
from printapic.domain.users.user import CredentialsInvalid
from tests.shop_floor import DAY, HOUR, PASSWORD, ShopFloor, user_of

ANNA, NOBODY = "anna@example.org", "nobody@example.org"
SECOND = timedelta(seconds=1)
THIEF, OWNER = Caller(address="198.51.100.7"), Caller(address="203.0.113.9")


def fail(floor: ShopFloor, email: str = ANNA, caller: Caller = UNKNOWN_CALLER) -> None:
    with pytest.raises(CredentialsInvalid):
        floor.shop.log_in(email=email, password="not the password", caller=caller)


def waits(floor: ShopFloor, email: str = ANNA, caller: Caller = UNKNOWN_CALLER) -> int:
    with pytest.raises(TooManyRequests) as refusal:
        floor.shop.log_in(email=email, password=PASSWORD, caller=caller)
    return refusal.value.retry_after_s


@pytest.mark.parametrize("email", [ANNA, NOBODY, "no address"])
def test_five_failures_make_the_next_try_wait_whether_or_not_there_is_an_account(
    floor: ShopFloor, anna: Actor, email: str
) -> None:
    for _ in range(5):
        fail(floor, email)
    assert waits(floor, email) == 60


def test_the_waits_grow_from_a_minute_to_half_an_hour_and_end(floor: ShopFloor, anna: Actor) -> None:
    observed = []
    failures = 0
    while failures < 60:
        try:
            floor.shop.log_in(email=ANNA, password="not the password")
        except CredentialsInvalid:
            failures += 1
        except TooManyRequests as refusal:
            observed.append(refusal.retry_after_s)
            floor.clock.advance(timedelta(seconds=refusal.retry_after_s))
    assert observed[0] == 60
    assert max(observed) == 1728
    floor.clock.advance(HOUR)
    floor.shop.log_in(email=ANNA, password=PASSWORD)


def fail_a_hundred_times(floor: ShopFloor) -> None:
    """Patiently: each refusal is waited for."""
    failures = 0
    while failures < 100:
        try:
            floor.shop.log_in(email=ANNA, password="not the password")
        except CredentialsInvalid:
            failures += 1
        except TooManyRequests as refusal:
            floor.clock.advance(timedelta(seconds=refusal.retry_after_s))


def test_after_a_hundred_failures_in_a_row_strangers_wait_for_days(floor: ShopFloor, anna: Actor) -> None:
    device = floor.shop.log_in(email=ANNA, password=PASSWORD).device_token
    fail_a_hundred_times(floor)
    floor.clock.advance(HOUR)
    assert waits(floor) > 24 * 3600
    floor.shop.log_in(email=ANNA, password=PASSWORD, device_token=device)
    assert waits(floor) > 24 * 3600


def test_a_reset_is_the_way_in_when_strangers_have_used_every_try_up(floor: ShopFloor, anna: Actor) -> None:
    fail_a_hundred_times(floor)
    floor.shop.request_password_reset(email=ANNA)
    floor.work()
    floor.shop.reset_password(token=floor.token(), new_password="seven quiet tangerines")
    floor.shop.log_in(email=ANNA, password="seven quiet tangerines")


def test_a_right_password_ends_the_row(floor: ShopFloor, anna: Actor) -> None:
    for _ in range(3):
        for _ in range(40):
            floor.clock.advance(HOUR)
            fail(floor)
        floor.clock.advance(HOUR)
        floor.shop.log_in(email=ANNA, password=PASSWORD)


def test_right_passwords_do_not_count(floor: ShopFloor, anna: Actor) -> None:
    for _ in range(30):
        floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)


def test_one_client_fails_ten_times_a_minute_whatever_accounts_it_tries(
    floor: ShopFloor, anna: Actor
) -> None:
    for number in range(10):
        fail(floor, f"guess-{number}@example.org", THIEF)
    assert waits(floor, caller=THIEF) == 6
    floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)


def test_a_host_with_many_ipv6_addresses_is_one_client(floor: ShopFloor, anna: Actor) -> None:
    for number in range(10):
        fail(floor, f"guess-{number}@example.org", Caller(address=f"2001:db8::{number:x}"))
    assert waits(floor, caller=Caller(address="2001:db8::ffff")) == 6
    floor.shop.log_in(email=ANNA, password=PASSWORD, caller=Caller(address="2001:db8:0:1::1"))


def test_a_device_that_was_logged_in_before_is_locked_out_by_nobody(floor: ShopFloor, anna: Actor) -> None:
    pair = floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)
    for _ in range(5):
        fail(floor, caller=THIEF)
    assert waits(floor, caller=OWNER) == 60
    again = floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER, device_token=pair.device_token)
    assert again.device_token == pair.device_token


def test_a_known_device_guesses_no_faster(floor: ShopFloor, anna: Actor) -> None:
    token = floor.shop.log_in(email=ANNA, password=PASSWORD).device_token
    for _ in range(5):
        with pytest.raises(CredentialsInvalid):
            floor.shop.log_in(email=ANNA, password="not the password", device_token=token)
    with pytest.raises(TooManyRequests):
        floor.shop.log_in(email=ANNA, password=PASSWORD, device_token=token)


@pytest.mark.parametrize("token", ["", ".", "a.b", "\ud800.x", "x" * 10_000])
def test_a_made_up_device_is_a_stranger(floor: ShopFloor, anna: Actor, token: str) -> None:
    for _ in range(5):
        fail(floor)
    with pytest.raises(TooManyRequests):
        floor.shop.log_in(email=ANNA, password=PASSWORD, device_token=token)


def test_a_device_of_one_account_is_a_stranger_to_another(floor: ShopFloor, anna: Actor) -> None:
    floor.customer("bert@example.org")
    token = floor.shop.log_in(email="bert@example.org", password=PASSWORD).device_token
    for _ in range(5):
        fail(floor)
    with pytest.raises(TooManyRequests):
        floor.shop.log_in(email=ANNA, password=PASSWORD, device_token=token)


def test_while_the_whole_shop_is_under_attack_each_client_has_fewer_tries(
    floor: ShopFloor, anna: Actor
) -> None:
    for _ in range(FAILURES_IN_ALL.count):
        floor.throttle.take("everyone", FAILURES_IN_ALL)
    for number in range(3):
        fail(floor, f"guess-{number}@example.org", THIEF)
    assert waits(floor, caller=THIEF) == 20
    floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)
    floor.clock.advance(DAY)
    for number in range(9):
        fail(floor, f"guess-{number}@example.org", THIEF)


def test_what_a_refused_client_goes_on_trying_puts_nobody_else_under_suspicion(
    floor: ShopFloor, anna: Actor
) -> None:
    refused = 0
    for number in range(FAILURES_IN_ALL.count + 100):
        try:
            floor.shop.log_in(
                email=f"guess-{number}@example.org",
                password="not the password",
                caller=Caller(address=f"198.51.100.{number % 7}"),
            )
        except CredentialsInvalid:
            continue
        except TooManyRequests:
            refused += 1
    assert refused == FAILURES_IN_ALL.count + 100 - 7 * FAILURES_PER_CLIENT.count
    for number in range(5):
        fail(floor, f"slip-{number}@example.org", OWNER)
    assert AuditAction.LOG_IN_ATTACKED not in floor.audited()


def test_an_attack_on_the_whole_shop_is_told_once_and_again_when_it_goes_on(
    floor: ShopFloor, anna: Actor
) -> None:
    for told in (1, 2):
        for _ in range(FAILURES_IN_ALL.count):
            floor.throttle.take("everyone", FAILURES_IN_ALL)
        for number in range(6):
            fail(floor, f"guess-{number}@example.org", Caller(address=f"198.51.100.{number}"))
        assert floor.audited().count(AuditAction.LOG_IN_ATTACKED) == told
        floor.clock.advance(HOUR)


def counted(floor: ShopFloor) -> dict[str, dict[str, int]]:
    counters = vars(floor.throttle)["_counters"].items()
    return {name: dict(each.full_at) for name, each in counters if each.full_at}


class BusyHasher(BcryptPasswordHasher):
    def verify(self, password: str, password_hash: str | None) -> bool:
        raise HasherBusy


@pytest.mark.parametrize("way", ["log in", "reauthenticate", "change"])
def test_a_password_that_nobody_could_check_does_not_count(floor: ShopFloor, anna: Actor, way: str) -> None:
    own = floor.session(ANNA)
    for _ in range(3):
        fail(floor, caller=OWNER)
    before, busy = counted(floor), BusyHasher(cost=4)
    who: dict[str, Any] = {"user_id": user_of(anna), "session_id": own, "caller": OWNER}
    log_in = attrs.evolve(floor.shop.log_in, hasher=busy)
    prove = attrs.evolve(floor.shop.reauthenticate, hasher=busy)
    change = attrs.evolve(floor.shop.change_password, hasher=busy)
    tries: dict[str, Callable[[], object]] = {
        "log in": partial(log_in, email=ANNA, password=PASSWORD, caller=OWNER),
        "reauthenticate": partial(prove, password=PASSWORD, **who),
        "change": partial(change, current_password=PASSWORD, new_password="seven quiet tangerines", **who),
    }
    for _ in range(8):
        with pytest.raises(HasherBusy):
            tries[way]()
    assert counted(floor) == before
    assert FAILURES_IN_A_ROW.name in before


def test_a_login_without_a_database_does_not_count(floor: ShopFloor, anna: Actor) -> None:
    floor.unit_of_work.state.fail_with = StorageUnavailable()
    for _ in range(20):
        with pytest.raises(StorageUnavailable):
            floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)
    floor.unit_of_work.state.fail_with = None
    floor.shop.log_in(email=ANNA, password=PASSWORD, caller=OWNER)


def test_the_throttle_learns_no_address(floor: ShopFloor, anna: Actor) -> None:
    fail(floor, caller=THIEF)
    floor.shop.request_password_reset(email=ANNA)
    counters = [str(vars(counters)) for counters in vars(floor.throttle)["_counters"].values()]
    assert len(counters) >= 5
    assert "anna" not in str(counters)
    assert THIEF.address is not None
    assert THIEF.address not in str(counters)
