"""A circuit breaker: what does not answer is left alone for a while, and then tried by one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock

import structlog

log = structlog.get_logger(__name__)
REST_S = 1.0


class Circuit:
    """Opens with the first failure, since whoever asks has a good answer of their own meanwhile.

    Logs one line when an outage begins and one when it ends.
    """

    def __init__(self, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_s = rest_s
        self._clock = clock
        self._lock = Lock()
        self._next_trial: float | None = None

    def admits(self) -> bool:
        """Whether to ask now. Who is let through has to say `succeeded` or `failed` afterwards."""
        with self._lock:
            if self._next_trial is None:
                return True
            if self._clock() < self._next_trial:
                return False
            self._next_trial = math.inf
            return True

    def failed(self, error: Exception) -> None:
        with self._lock:
            begins = self._next_trial is None
            self._next_trial = self._clock() + self._rest_s
        if begins:
            log.warning("throttle store does not answer", error=type(error).__name__)

    def succeeded(self) -> None:
        with self._lock:
            ends = self._next_trial is not None
            self._next_trial = None
        if ends:
            log.info("throttle store answers again")
