"""Deadlines: what waits is interrupted in time, and never when it serves somebody else already."""

from __future__ import annotations

import contextvars
import threading

import pytest

from printapic.application.ports import deadlines
from printapic.application.ports.deadlines import Deadline, DeadlineExceeded, Interruptible


class Bell(Interruptible):
    def __init__(self) -> None:
        self.rung = threading.Event()

    def interrupt(self) -> None:
        self.rung.set()


def test_everything_that_waits_is_interrupted_when_the_time_is_up() -> None:
    deadline, first, second = Deadline(), Bell(), Bell()
    deadline.watch(first)
    deadline.watch(second)
    deadline.expire()
    assert first.rung.is_set()
    assert second.rung.is_set()


def test_a_thread_that_waits_is_woken() -> None:
    deadline, bell, waits = Deadline(), Bell(), threading.Event()
    woken = []

    def wait() -> None:
        deadline.watch(bell)
        waits.set()
        woken.append(bell.rung.wait(10))

    thread = threading.Thread(target=wait)
    thread.start()
    assert waits.wait(10)
    deadline.expire()
    thread.join()
    assert woken == [True]


def test_what_no_longer_waits_is_left_alone() -> None:
    deadline, over, still = Deadline(), Bell(), Bell()
    deadline.watch(over)
    deadline.watch(still)
    deadline.unwatch(over)
    deadline.expire()
    assert deadline.expired
    assert (over.rung.is_set(), still.rung.is_set()) == (False, True)


def test_after_the_deadline_nothing_new_is_begun() -> None:
    deadline, bell = Deadline(), Bell()
    assert not deadline.expired
    deadline.expire()
    with pytest.raises(DeadlineExceeded):
        deadline.watch(bell)
    assert not bell.rung.is_set()


def test_a_deadline_holds_for_its_own_context_and_the_threads_that_work_for_it() -> None:
    deadline, seen = Deadline(), []

    def request() -> None:
        deadlines.begin(deadline)
        copy = contextvars.copy_context()
        thread = threading.Thread(target=lambda: seen.append(copy.run(deadlines.current)))
        thread.start()
        thread.join()

    contextvars.copy_context().run(request)
    assert seen == [deadline]
    assert deadlines.current() is None
