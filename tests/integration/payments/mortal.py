"""Lives of a shop that may end at any step: a new process each time, on what the last one left.

Run as a module. Each line of JSON on standard input is a life to be led by a child of this process; the
answer is the number that the child ended with, or how the signal that ended it is numbered, negative.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import attrs
import httpx
from sqlalchemy import Engine

from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.idempotency import SqlIdempotencyKeys
from printapic.adapters.persistence.sql.jobs import SqlJobLedger, SqlJobQueue
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from printapic.adapters.system.clock import FixedClock
from printapic.adapters.system.identifiers import RandomIdentifiers
from printapic.application.reactions import jobs_for
from printapic.domain.ids import OrderId
from printapic.domain.payments.attempt import Provider
from tests.integration.payments.floor import Backend, Floor
from tests.integration.payments.sides import NO_TLS, side_served_at
from tests.integration.payments.stories import Story, play
from tests.shop_floor import notary

T = TypeVar("T")


class Ending(IntEnum):
    """How a life ends by itself: its story has come to its end, or is to be gone on with later."""

    DONE = 0
    LATER = 1
    BROKEN = 2


@attrs.frozen(kw_only=True)
class Life:
    """One run of `story` for an order whose first news is number `since` of the provider's.

    It ends at step `at` (0: at none), before it or `after` it, or `dies_after_s` from its beginning.
    """

    provider: str
    url: str
    folder: str
    database: str
    story: str
    order_id: str
    since: int
    at: int = 0
    after: bool = False
    dies_after_s: float | None = None


class Heart:
    """Counts the steps at which a process may die: what it commits, and what it says to the provider."""

    def __init__(self, *, at: int = 0, after: bool = False) -> None:
        self._at, self._after = at, after
        self._beats = 0
        self.armed = False

    def beat(self, act: Callable[[], T]) -> T:
        if not self.armed:
            return act()
        self._beats += 1
        last = self._beats == self._at
        if last and not self._after:
            die()
        done = act()
        if last:
            die()
        return done


def die() -> None:
    """As if somebody had pulled the plug."""
    os.kill(os.getpid(), signal.SIGKILL)


class MortalWire(httpx.HTTPTransport):
    """To the provider, who has done what was asked when the answer begins."""

    def __init__(self, heart: Heart) -> None:
        super().__init__(verify=NO_TLS)
        self._heart = heart

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        send = super().handle_request
        return self._heart.beat(lambda: send(request))


def mortal_units(engine: Engine, heart: Heart, wake: Callable[[], None]) -> SqlUnitOfWorkFactory:
    """Units of work that may die as they commit."""

    class MortalUnits(SqlUnitOfWorkFactory):
        @contextmanager
        def __call__(self) -> Iterator[SqlUnitOfWork]:
            with super().__call__() as work:
                commit = work.commit
                work.commit = lambda: heart.beat(commit)  # type: ignore[method-assign]
                yield work

    return MortalUnits(engine, jobs_for, SqlJobQueue, wake, notary())


@contextmanager
def opened_floor(life: Life, heart: Heart, *, prices: str | None = None) -> Iterator[Floor]:
    """The shop of this life, at the provider's time."""
    provider, folder = Provider(life.provider), Path(life.folder)
    side = side_served_at(life.url, provider, folder, MortalWire(heart))
    engine = sql_engine(life.database)
    clock = FixedClock(side.books.now())
    ledger = SqlJobLedger(engine)
    worker = InProcessWorker(ledger, clock, jitter=lambda longest: longest)
    units = mortal_units(engine, heart, worker.wake)
    try:
        yield Floor(
            Backend(ledger, SqlIdempotencyKeys(engine), units, worker, clock, engine),
            [side],
            manual_capture=life.story == Story.CAPTURE,
            identifiers=RandomIdentifiers(),
            images=FilesystemImageStore(folder / "images"),
            prices=prices,
        )
    finally:
        engine.dispose()
        side.close()


@contextmanager
def doomed(after_s: float | None) -> Iterator[None]:
    """Die so many seconds from now, unless it is over by then."""
    timer = threading.Timer(after_s or 0, die)
    if after_s is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def lead(life: Life) -> Ending:
    """Go on with the story as far as it goes today."""
    heart = Heart(at=life.at, after=life.after)
    with opened_floor(life, heart) as floor:
        with floor.units.reading() as work:
            order = work.orders.get(OrderId(UUID(life.order_id)))
        # Whoever will be asked is known before anything may happen to the shop.
        assert floor.anna.user_id != floor.staff.user_id
        heart.armed = True
        with doomed(life.dies_after_s):
            done = play(floor, Story(life.story), order, since=life.since)
        heart.armed = False
    return Ending.DONE if done else Ending.LATER


def main() -> None:
    """Whatever anybody prints goes elsewhere: standard output is for answers."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        life = Life(**json.loads(line))
        pid = os.fork()
        if pid == 0:
            ending = Ending.BROKEN
            with contextlib.suppress(BaseException):
                ending = led(life)
            # No exit of Python's own: what belongs to the parent is not to be closed here.
            os._exit(ending)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def led(life: Life) -> Ending:
    try:
        return lead(life)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
