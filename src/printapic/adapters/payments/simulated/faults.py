"""Faults on request: what a provider or the network does to a call, planned in advance by a test."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum
from typing import Literal, TypeAlias

Call: TypeAlias = Literal["open", "complete", "capture", "void", "refund", "fetch", "find"]


class Fault(StrEnum):
    """`..._BEFORE` strikes before the provider did anything, `..._AFTER` when it had done everything.

    REFUSE: no connection, nothing was sent. THROTTLE: sent away, come back later. MALFORMED: done, but
    the answer is unreadable. UNAUTHORIZED: our credentials are refused, nothing was done.
    """

    REFUSE = "refuse"
    THROTTLE = "throttle"
    TIME_OUT_BEFORE = "time-out-before"
    TIME_OUT_AFTER = "time-out-after"
    SERVER_ERROR_BEFORE = "server-error-before"
    SERVER_ERROR_AFTER = "server-error-after"
    MALFORMED = "malformed"
    UNAUTHORIZED = "unauthorized"


class FaultPlan:
    """Which calls go wrong, and how. Empty unless somebody plans something; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[Call] = Counter()
        self._planned: dict[tuple[Call, int], Fault] = {}

    def plan(self, call: Call, nth: int, fault: Fault) -> None:
        """Let the `nth` call of this kind from now on (1 is the next) go wrong, once.

        Raises `ValueError` for an `nth` below 1.
        """
        if nth < 1:
            raise ValueError("the first call is number 1")
        with self._lock:
            self._planned[call, self._calls[call] + nth] = fault

    def strike(self, call: Call) -> Fault | None:
        """Count a call, and say what is planned for it."""
        with self._lock:
            self._calls[call] += 1
            return self._planned.pop((call, self._calls[call]), None)
