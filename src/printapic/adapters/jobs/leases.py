"""The leases of the jobs that this process has in hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from printapic.adapters.jobs.retries import described
from printapic.application.ports.clock import Clock
from printapic.application.ports.jobs import Claim, JobLedger

log = structlog.get_logger(__name__)


class HeldLeases:
    """Claims jobs under leases of `length`, and keeps them from ending while the jobs are in hand."""

    def __init__(self, ledger: JobLedger, clock: Clock, length: timedelta) -> None:
        self._ledger = ledger
        self._clock = clock
        self._length = length
        self._claims: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._claims)

    def claim(self) -> Claim | None:
        """Take the next due job in hand. Raises `StorageUnavailable`."""
        claim = self._ledger.claim(at=self._clock.now(), lease=self._length)
        if claim is not None:
            with self._lock:
                self._claims[claim.token] = claim
        return claim

    def let_go(self, claim: Claim) -> None:
        """Stop extending the lease: the job ended, or its outcome could not be written down."""
        with self._lock:
            self._claims.pop(claim.token, None)

    @contextmanager
    def heartbeat(self, stop: threading.Event, stopping: threading.Event) -> Iterator[None]:
        """Extend the leases at a third of their length until left, and set `stopping` once `stop` is.

        The thread that waits for its next beat is the one that may as well wait for `stop`, so that
        whoever waits for `stopping` and other things needs no second thread.
        """
        left = threading.Event()

        def beat() -> None:
            while not left.is_set():
                awaited = left if stop.is_set() else stop
                if awaited.wait((self._length / 3).total_seconds()):
                    stopping.set()
                self._extend()

        thread = threading.Thread(target=beat, name="printapic-job-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            left.set()
            # A last beat may be on its way, on a connection that whoever closes the ledger would not see.
            if stop.is_set():
                thread.join()

    def _extend(self) -> None:
        with self._lock:
            claims = tuple(self._claims.values())
        for claim in claims:
            try:
                self._ledger.extend(claim, until=self._clock.now() + self._length)
            except Exception as error:
                log.warning(
                    "a job's lease cannot be extended",
                    job_id=claim.id,
                    job=claim.job.name,
                    error=described(error),
                )
