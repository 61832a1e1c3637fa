"""Who works, who waits and who is sent away, when more come than there are places."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.entrypoints.http import admission as module
from printapic.entrypoints.http.admission import MOST_RECEIVING, MOST_UPLOADS, Admission, Overloaded
from printapic.entrypoints.http.loads import Load

THREADS = 20
OPTIONAL = 16
QUARTER = 5
LOGINS = 3
LONG_S = 60


def opened(wait_s: float = LONG_S) -> Admission:
    return Admission(logins=LOGINS, threads=THREADS, wait_s=wait_s)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


async def taken(admission: Admission, load: Load, times: int) -> None:
    for _ in range(times):
        await admission.take(load)


async def in_line(admission: Admission, load: Load, *, was_inside: bool = False) -> asyncio.Task[None]:
    """Somebody who waits, once they do."""
    task = asyncio.create_task(admission.take(load, was_inside=was_inside))
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("load", "most"),
    [
        (Load.CRITICAL, THREADS),
        (Load.STANDARD, OPTIONAL),
        (Load.HEAVY, QUARTER),
        (Load.UPLOAD, QUARTER),
        (Load.LOGIN, LOGINS),
    ],
)
def test_each_load_has_its_share(load: Load, most: int) -> None:
    async def test() -> None:
        admission = opened(wait_s=0)
        await taken(admission, load, most)
        with pytest.raises(Overloaded):
            await admission.take(load)
        assert admission.working == most
        assert admission.refused == {load: 1}

    run(test)


def test_a_fifth_is_left_to_critical_requests_whatever_else_comes() -> None:
    async def test() -> None:
        admission = opened(wait_s=0)
        await taken(admission, Load.HEAVY, QUARTER)
        await taken(admission, Load.UPLOAD, QUARTER)
        await taken(admission, Load.LOGIN, LOGINS)
        await taken(admission, Load.STANDARD, OPTIONAL - 2 * QUARTER - LOGINS)
        for load in set(Load) - {Load.CRITICAL}:
            with pytest.raises(Overloaded):
                await admission.take(load)
        await taken(admission, Load.CRITICAL, THREADS - OPTIONAL)
        with pytest.raises(Overloaded):
            await admission.take(Load.CRITICAL)

    run(test)


def test_critical_requests_may_take_every_place() -> None:
    async def test() -> None:
        admission = opened(wait_s=0)
        await taken(admission, Load.CRITICAL, THREADS)
        with pytest.raises(Overloaded):
            await admission.take(Load.STANDARD)

    run(test)


def test_who_waits_is_let_in_when_somebody_leaves() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.STANDARD, OPTIONAL)
        first = await in_line(admission, Load.STANDARD)
        second = await in_line(admission, Load.STANDARD)
        admission.leave(Load.STANDARD)
        await settled()
        assert (first.done(), second.done()) == (True, False)
        admission.leave(Load.STANDARD)
        await second
        assert (admission.working, admission.waiting) == (OPTIONAL, 0)

    run(test)


def test_who_was_inside_comes_before_critical_requests_and_those_before_others() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.CRITICAL, THREADS)
        waiting = [
            await in_line(admission, Load.STANDARD),
            await in_line(admission, Load.CRITICAL),
            await in_line(admission, Load.STANDARD, was_inside=True),
        ]
        let_in = []
        for _ in waiting:
            admission.leave(Load.CRITICAL)
            await settled()
            let_in.append([task.done() for task in waiting])
        assert let_in == [[False, False, True], [False, True, True], [True, True, True]]

    run(test)


def test_a_place_goes_to_the_first_whom_it_suits() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.HEAVY, QUARTER)
        await taken(admission, Load.STANDARD, OPTIONAL - QUARTER)
        heavy = await in_line(admission, Load.HEAVY)
        standard = await in_line(admission, Load.STANDARD)
        admission.leave(Load.STANDARD)
        await standard
        assert not heavy.done()
        admission.leave(Load.HEAVY)
        await heavy

    run(test)


def test_nobody_waits_for_longer_than_a_moment() -> None:
    async def test() -> None:
        admission = opened(wait_s=0.01)
        await taken(admission, Load.STANDARD, OPTIONAL)
        with pytest.raises(Overloaded) as refusal:
            await admission.take(Load.STANDARD)
        assert 1 <= refusal.value.retry_after_s <= 5
        assert admission.waiting == 0
        admission.leave(Load.STANDARD)
        await admission.take(Load.STANDARD)

    run(test)


def test_who_was_inside_waits_longer_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        admission = opened(wait_s=0)
        await taken(admission, Load.CRITICAL, THREADS)
        patient = await in_line(admission, Load.STANDARD, was_inside=True)
        with pytest.raises(Overloaded):
            await admission.take(Load.STANDARD)
        assert not patient.done()
        monkeypatch.setattr(module, "RETURN_S", 0.01)
        with pytest.raises(Overloaded):
            await admission.take(Load.STANDARD, was_inside=True)
        admission.leave(Load.CRITICAL)
        await patient

    run(test)


def test_those_who_come_back_at_the_same_time_come_back_at_different_ones() -> None:
    assert len({Overloaded().retry_after_s for _ in range(200)}) == 5


def test_when_the_line_is_full_the_newest_is_sent_away() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.CRITICAL, THREADS)
        waiting = [await in_line(admission, Load.STANDARD) for _ in range(THREADS)]
        with pytest.raises(Overloaded):
            await admission.take(Load.STANDARD)
        assert not any(task.done() for task in waiting)
        admission.leave(Load.CRITICAL)
        await waiting[0]
        for task in waiting[1:]:
            task.cancel()

    run(test)


def test_a_critical_request_takes_the_place_of_the_newest_lesser_one_in_line() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.CRITICAL, THREADS)
        waiting = [await in_line(admission, Load.STANDARD) for _ in range(THREADS)]
        critical = [await in_line(admission, Load.CRITICAL) for _ in range(THREADS)]
        for task in waiting:
            with pytest.raises(Overloaded):
                await task
        with pytest.raises(Overloaded):
            await admission.take(Load.CRITICAL)
        for task in critical:
            admission.leave(Load.CRITICAL)
            await task

    run(test)


def test_a_login_that_the_hash_pool_has_no_room_for_need_not_wait() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.LOGIN, LOGINS)
        with pytest.raises(Overloaded):
            await admission.take(Load.LOGIN)
        assert admission.waiting == 0
        admission.leave(Load.LOGIN)
        await taken(admission, Load.STANDARD, OPTIONAL - LOGINS + 1)
        login = await in_line(admission, Load.LOGIN)
        admission.leave(Load.STANDARD)
        await login

    run(test)


def test_a_place_that_comes_as_its_waiter_goes_is_not_lost() -> None:
    async def test() -> None:
        admission = opened()
        await taken(admission, Load.CRITICAL, THREADS)
        gone = await in_line(admission, Load.CRITICAL)
        late = await in_line(admission, Load.CRITICAL)
        next_one = await in_line(admission, Load.CRITICAL)
        gone.cancel()
        admission.leave(Load.CRITICAL)
        late.cancel()
        await settled()
        assert (gone.cancelled(), late.cancelled(), next_one.done()) == (True, True, True)
        assert (admission.working, admission.waiting) == (THREADS, 0)

    run(test)


def test_uploads_and_slow_bodies_are_counted_too() -> None:
    admission = opened()
    uploads = [admission.uploading() for _ in range(MOST_UPLOADS)]
    bodies = [admission.receiving(Load.STANDARD) for _ in range(MOST_RECEIVING)]
    for entered in (*uploads, *bodies):
        entered.__enter__()
    with pytest.raises(Overloaded), admission.uploading():
        pytest.fail("there was room for one more upload")
    with pytest.raises(Overloaded), admission.receiving(Load.CRITICAL):
        pytest.fail("there was room for one more body")
    uploads[0].__exit__(None, None, None)
    bodies[0].__exit__(None, None, None)
    with admission.uploading(), admission.receiving(Load.CRITICAL):
        assert admission.working == 0


def test_a_shop_that_is_late_does_nothing_heavy_and_then_half_of_the_rest() -> None:
    async def test() -> None:
        admission = opened(wait_s=0.01)
        await admission.take(Load.HEAVY)
        admission.shed(1)
        with pytest.raises(Overloaded):
            await admission.take(Load.HEAVY)
        admission.shed(2)
        await taken(admission, Load.STANDARD, OPTIONAL // 2 - 1)
        with pytest.raises(Overloaded):
            await admission.take(Load.STANDARD)
        await taken(admission, Load.CRITICAL, THREADS - OPTIONAL // 2)
        admission.leave(Load.CRITICAL)

    run(test)


def test_who_waits_is_let_in_when_the_shop_keeps_up_again() -> None:
    async def test() -> None:
        admission = opened()
        admission.shed(2)
        await taken(admission, Load.STANDARD, OPTIONAL // 2)
        waiting = await in_line(admission, Load.STANDARD)
        admission.shed(0)
        await waiting

    run(test)


Step = tuple[str, int]
STEPS = st.tuples(st.sampled_from([*Load, "leave", "cancel", "shed"]), st.integers(0, 30))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from([*Load, "leave", "cancel", "shed"]), st.integers(0, 30)), max_size=80)
)
def test_no_place_is_lost_or_given_twice_whatever_happens(steps: list[Step]) -> None:
    async def test() -> None:
        admission = Admission(logins=1, threads=4, wait_s=LONG_S)
        inside: Counter[Load] = Counter()
        waiting: list[tuple[Load, asyncio.Task[None]]] = []

        async def settle() -> None:
            await settled()
            for load, task in list(waiting):
                if task.done():
                    waiting.remove((load, task))
                    if not task.cancelled() and task.exception() is None:
                        inside[load] += 1
            assert admission.working == inside.total() <= 4
            assert inside.total() - inside[Load.CRITICAL] <= 3
            assert admission.waiting == len(waiting)

        for what, number in steps:
            if isinstance(what, Load):
                waiting.append((what, asyncio.create_task(admission.take(what, was_inside=number % 3 == 0))))
            elif what == "leave" and inside.total():
                load = sorted(inside.elements())[number % inside.total()]
                inside[load] -= 1
                admission.leave(load)
            elif what == "cancel" and waiting:
                waiting[number % len(waiting)][1].cancel()
            elif what == "shed":
                admission.shed(number % 3)
            if number % 2:
                await settle()
        admission.shed(0)
        await settle()
        while inside.total():
            for load in list(inside.elements()):
                inside[load] -= 1
                admission.leave(load)
            await settle()
        assert (admission.working, admission.waiting) == (0, 0)

    run(test)
