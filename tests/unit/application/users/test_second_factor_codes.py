"""Codes are tried at a bearable rate, by who has proven themselves, and are kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.application.ports.throttle import Limit, TooManyRequests, Verdict
from printapic.application.users.second_factor_codes import recovery_digest
from printapic.domain.actors import Actor
from printapic.domain.ids import SessionId
from printapic.domain.users.second_factor import CodeInvalid
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from tests.shop_floor import MINUTE, ShopFloor, user_of

ANNA = "anna@example.org"
STEP = timedelta(seconds=30)


def confirm(floor: ShopFloor, who: Actor, own: SessionId, code: str) -> None:
    floor.shop.confirm_second_factor(user_id=user_of(who), session_id=own, code=code)


def disable(floor: ShopFloor, who: Actor, own: SessionId, code: str) -> None:
    floor.shop.disable_second_factor(user_id=user_of(who), session_id=own, code=code)


@pytest.mark.parametrize("change", [confirm, disable])
def test_a_stolen_session_uses_up_none_of_the_owners_codes(
    floor: ShopFloor, anna: Actor, change: Callable[[ShopFloor, Actor, SessionId, str], None]
) -> None:
    stolen = floor.session(ANNA)
    secret, _ = floor.enrol(anna, stolen)
    floor.clock.advance(6 * MINUTE)
    for number in range(60):
        with pytest.raises(ReauthenticationRequired):
            change(floor, anna, stolen, f"{number:06}")
    floor.session(ANNA, floor.code(secret))


def test_wrong_codes_at_the_confirmation_are_limited(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    for _ in range(5):
        with pytest.raises(CodeInvalid):
            confirm(floor, anna, own, "not a code")
    with pytest.raises(TooManyRequests):
        confirm(floor, anna, own, floor.code(secret))
    floor.clock.advance(MINUTE)
    confirm(floor, anna, own, floor.code(secret))


def test_wrong_codes_at_the_removal_are_limited(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, _ = floor.enrol(anna, own)
    for _ in range(5):
        with pytest.raises(CodeInvalid):
            disable(floor, anna, own, "not a code")
    with pytest.raises(TooManyRequests):
        disable(floor, anna, own, floor.code(secret))
    floor.clock.advance(MINUTE)
    disable(floor, anna, own, floor.code(secret))


@pytest.mark.parametrize("change", [confirm, disable])
def test_right_codes_at_either_do_not_count(
    floor: ShopFloor, anna: Actor, change: Callable[[ShopFloor, Actor, SessionId, str], None]
) -> None:
    own = floor.session(ANNA)
    for _ in range(15):
        secret, _ = floor.enrol(anna, own)
        disable(floor, anna, own, floor.code(secret))
    secret, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    if change is disable:
        confirm(floor, anna, own, floor.code(secret))
    for _ in range(5):
        with pytest.raises(CodeInvalid):
            change(floor, anna, own, "not a code")


@pytest.mark.parametrize("change", ["confirm_second_factor", "disable_second_factor"])
def test_a_session_that_ends_while_a_try_is_counted_changes_nothing(
    floor: ShopFloor, anna: Actor, change: str
) -> None:
    """The throttle may be far away, and the owner quicker than it."""
    own = floor.session(ANNA)
    secret, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    if change == "disable_second_factor":
        confirm(floor, anna, own, floor.code(secret))
        floor.clock.advance(STEP)
    before = floor.shop.read_second_factor(user_id=user_of(anna))

    class FarThrottle(MemoryThrottle):
        def take(self, key: str, limit: Limit) -> Verdict:
            floor.shop.log_out(session_id=own)
            return super().take(key, limit)

    use_case = getattr(floor.shop, change)
    far = attrs.evolve(use_case, codes=attrs.evolve(use_case.codes, throttle=FarThrottle()))
    with pytest.raises(SessionInvalid):
        far(user_id=user_of(anna), session_id=own, code=floor.code(secret))
    assert floor.shop.read_second_factor(user_id=user_of(anna)) == before


def test_neither_the_secret_nor_a_recovery_code_is_kept_anywhere(floor: ShopFloor, anna: Actor) -> None:
    secret, codes = floor.enrol(anna, floor.session(ANNA))
    floor.work()
    stored = floor.stored().lower()
    assert recovery_digest(codes[0]) in stored
    assert secret.lower() not in stored
    for code in codes:
        assert code.lower() not in stored
        assert code.lower().replace("-", "") not in stored
