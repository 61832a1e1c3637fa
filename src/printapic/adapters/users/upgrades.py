"""Hashing passwords anew, one after the other, behind the back of whoever logged in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

log = structlog.get_logger(__name__)


class Upgrades:
    """At most `places` passwords, the one in hand included; more are dropped.

    The thread starts with the first password, so that a process that forks has none yet.
    """

    def __init__(self, hash_again: Callable[[bytes], str], *, places: int) -> None:
        self._hash_again = hash_again
        self._places = threading.Semaphore(places)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="printapic-rehash")

    def put(self, password: bytes, then: Callable[[str], None]) -> None:
        """Returns at once, and raises nothing."""
        if not self._places.acquire(blocking=False):
            return
        try:
            self._thread.submit(self._run, password, then)
        except RuntimeError:  # closed, or this process is about to end
            self._places.release()

    def close(self) -> None:
        """Drop those that wait, finish the one in hand. Repeating it changes nothing."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _run(self, password: bytes, then: Callable[[str], None]) -> None:
        try:
            then(self._hash_again(password))
        except Exception as error:
            # The message may say anything, and the traceback holds the password.
            log.warning("a password was not hashed anew", error=type(error).__name__)
        finally:
            self._places.release()
