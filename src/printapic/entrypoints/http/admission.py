"""Admission: how many requests may work at a time, who waits, and who is sent away at once.

Everything here happens on the event loop: a refusal costs no thread, and nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from printapic.domain.errors import Unavailable
from printapic.entrypoints.http.loads import Load

THREADS = 24
"""Requests in handlers. The thread pool has as many threads, the database pool four more connections."""
WAIT_S = 0.25
"""How long a newcomer waits for a place."""
RETURN_S = 5.0
"""How long somebody waits who was let in already, and stepped aside while the body arrived."""
MOST_RECEIVING = 256
"""Bodies that arrive slowly, at 64 KiB of memory each."""
MOST_UPLOADS = 16
"""Uploads inside, each with a temporary file."""
_RANKS = {Load.CRITICAL: 1}
_LATEST_RETRY_S = 5


class Overloaded(Unavailable):
    """Whoever is sent away comes back at different times, or all would come back at once."""

    code = "overloaded"

    def __init__(self) -> None:
        retry_after_s = 1 + secrets.randbelow(_LATEST_RETRY_S)
        super().__init__("There is too much to do right now.", retry_after_s=retry_after_s)


@attrs.frozen(eq=False)
class _Waiter:
    load: Load
    was_inside: bool
    turn: asyncio.Future[None]

    @property
    def rank(self) -> int:
        return 0 if self.was_inside else _RANKS.get(self.load, 2)


class Admission:
    """Counts who works in a handler, by load, and keeps the line of those who wait.

    At most `threads` work at a time. A fifth of them is reserved for critical requests, for which also
    the newest of those who wait makes room when the line is full; a quarter at most is heavy, another
    one uploads. `logins` is what the hash pool takes, its queue included: whoever comes on top of that
    need not wait for nothing.
    """

    def __init__(self, *, logins: int, threads: int = THREADS, wait_s: float = WAIT_S) -> None:
        self._threads = threads
        self._wait_s = wait_s
        self._optional = threads * 4 // 5
        quarter = max(1, threads // 4)
        self._limits = {Load.HEAVY: quarter, Load.UPLOAD: quarter, Load.LOGIN: logins}
        self._shed = 0
        self._busy = dict.fromkeys(Load, 0)
        self.working = 0
        """How many requests are in a handler."""
        self._uploading = 0
        self.arriving = 0
        """How many requests stepped aside while their body arrives."""
        self._line: list[_Waiter] = []
        self.refused: Counter[Load] = Counter()

    @property
    def waiting(self) -> int:
        return len(self._line)

    async def take(self, load: Load, *, was_inside: bool = False) -> None:
        """Take a place, waiting a moment if need be. Raises `Overloaded`."""
        if self._has_room(load):
            self._let(load)
            return
        if not was_inside:
            self._join_the_line(load)
        loop = asyncio.get_running_loop()
        waiter = _Waiter(load, was_inside, loop.create_future())
        self._line.append(waiter)
        patience = loop.call_later(RETURN_S if was_inside else self._wait_s, self._send_away, waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            turn = waiter.turn
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(load)  # the place came in the same moment
            raise
        finally:
            patience.cancel()
            if waiter in self._line:
                self._line.remove(waiter)

    def leave(self, load: Load) -> None:
        """Give a place back, to the first in line whom it suits."""
        self._busy[load] -= 1
        self.working -= 1
        if self._line:
            self._let_in()

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Raises `Overloaded` where too many uploads are inside already."""
        if self._uploading >= MOST_UPLOADS:
            self._refuse(Load.UPLOAD)
        self._uploading += 1
        try:
            yield
        finally:
            self._uploading -= 1

    @contextmanager
    def receiving(self, load: Load) -> Iterator[None]:
        """Raises `Overloaded` where too many wait for the rest of their body already."""
        if self.arriving >= MOST_RECEIVING:
            self._refuse(load)
        self.arriving += 1
        try:
            yield
        finally:
            self.arriving -= 1

    def shed(self, level: int) -> None:
        """Do less: from 1 on nothing heavy, from 2 on half of what is not critical. 0 is everything."""
        self._shed = level
        self._let_in()

    def _let(self, load: Load) -> None:
        self._busy[load] += 1
        self.working += 1

    def _has_room(self, load: Load) -> bool:
        if self.working >= self._threads:
            return False
        if load is Load.CRITICAL:
            return True
        others = self.working - self._busy[Load.CRITICAL]
        most = self._optional // 2 if self._shed > 1 else self._optional
        return others < most and self._busy[load] < self._limit(load)

    def _limit(self, load: Load) -> int:
        return 0 if load is Load.HEAVY and self._shed else self._limits.get(load, self._optional)

    def _join_the_line(self, load: Load) -> None:
        """Raises `Overloaded` unless there is room in the line, or a critical request makes some."""
        hopeless = load is Load.LOGIN or self._limit(load) == 0
        if hopeless and self._busy[load] >= self._limit(load):
            self._refuse(load)
        newcomers = [waiter for waiter in self._line if not waiter.was_inside]
        if len(newcomers) < self._threads:
            return
        lesser = [waiter for waiter in newcomers if waiter.load is not Load.CRITICAL]
        if load is not Load.CRITICAL or not lesser:
            self._refuse(load)
        self._send_away(lesser[-1])

    def _let_in(self) -> None:
        for waiter in sorted(self._line, key=lambda waiter: waiter.rank):
            if self._has_room(waiter.load) and not waiter.turn.done():
                self._let(waiter.load)
                self._line.remove(waiter)
                waiter.turn.set_result(None)

    def _send_away(self, waiter: _Waiter) -> None:
        if not waiter.turn.done():
            self.refused[waiter.load] += 1
            self._line.remove(waiter)
            waiter.turn.set_exception(Overloaded())

    def _refuse(self, load: Load) -> None:
        self.refused[load] += 1
        raise Overloaded
