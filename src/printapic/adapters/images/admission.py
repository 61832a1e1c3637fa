"""How many pictures are worked on at once, how many may wait, and who is sent away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore

from printapic.application.ports.images import ProcessorBusy


class Admission:
    """At most `workers` at work and `queue` waiting; further callers get `ProcessorBusy` at once.

    Of pictures that need much memory, only one is worked on at a time.
    """

    def __init__(self, *, workers: int, queue: int) -> None:
        self._places = Semaphore(workers + queue)
        self._workers = Semaphore(workers)
        self._heavy = Lock()

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Wait for a worker, if there is room to wait."""
        if not self._places.acquire(blocking=False):
            raise ProcessorBusy
        try:
            with self._workers:
                yield
        finally:
            self._places.release()

    @contextmanager
    def memory(self, *, heavy: bool) -> Iterator[None]:
        """Wait, as a worker, until no other heavy picture is in memory."""
        if not heavy:
            yield
            return
        with self._heavy:
            yield
