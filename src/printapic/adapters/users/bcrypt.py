"""Passwords as bcrypt hashes, with the same work for every wrong answer."""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import bcrypt
from passlib.context import CryptContext

from printapic.adapters.users.upgrades import Upgrades
from printapic.application.ports.users import HasherBusy, PasswordHasher

MAX_PASSWORD_BYTES = 1024
_MAX_CHARACTERS = 4 * MAX_PASSWORD_BYTES  # longer input is not even normalised
_HIGHEST_COST = 14
_LONGEST_WAIT_S = 2.5  # a request has three seconds in all
_NICENESS = 10  # a tenth of a processor that others want all the time, and all of one that is free
_NOBODYS = b"x" * 44  # as long as what libpass hands to bcrypt
_FORMAT = re.compile(
    r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>[1-9]\d?)\$[./A-Za-z0-9]{21}[.Oeu]\$[./A-Za-z0-9]{31}", re.ASCII
)

T = TypeVar("T")


class BcryptPasswordHasher(PasswordHasher):
    """bcrypt over HMAC-SHA256 (libpass' `bcrypt_sha256`), so that length and NUL do not matter.

    `cost` is bcrypt's: each step doubles the work. At most `threads` passwords are worked on at a time
    and `queue` more may wait: bcrypt frees the interpreter but not the processor, and a shop that only
    hashes sells nothing. For the same reason the threads step back where others want the processor. A
    password may be 1,024 bytes of NFKC-normalised UTF-8; a longer one, or one with lone surrogates, gets
    a hash that no password fits, and is wrong for every hash.

    All refusals cost `2**target`, or time would tell which addresses have an account. The target is the
    highest cost of those configured, expected and seen; whatever costs less is topped up to it.

    Upgrades wait in a queue of their own, as long as the other one, and take one seat at a time: they
    send no customer away. `close` drops those that wait, and waits for the one in hand.
    """

    def __init__(self, *, cost: int = 11, threads: int | None = None, queue: int | None = None) -> None:
        """Raises `ValueError` for a cost outside bcrypt's 4 and the longest bearable 14."""
        if not 4 <= cost <= _HIGHEST_COST:
            raise ValueError(f"the cost of bcrypt must be between 4 and {_HIGHEST_COST}")
        threads = threads or max(1, (os.cpu_count() or 2) - 1)
        queue = 4 * threads if queue is None else queue
        self._passlib = CryptContext(["bcrypt_sha256"], bcrypt_sha256__rounds=cost)
        self._cost = cost
        self._target = cost
        self._target_lock = threading.Lock()
        self._capacity = threads + queue
        self._threads = ThreadPoolExecutor(threads, "printapic-hash", initializer=_step_back)
        self._admitted = threading.Semaphore(threads + queue)
        self._upgrades = Upgrades(self._hash_again, places=1 + queue)
        # libpass probes the library on first use, at length and not guarded against threads.
        self._passlib.verify(b"", _unmatched(4))

    @property
    def capacity(self) -> int:
        """Those at work and those in the queue."""
        return self._capacity

    def hash(self, password: str) -> str:
        readable = _readable(password)
        return self._admitted_to(
            partial(self._hash, secrets.token_bytes(32) if readable is None else readable)
        )

    def verify(self, password: str, password_hash: str | None) -> bool:
        """An unknown account is one more whose hash has the configured cost, step by step."""
        readable = _readable(password)
        cost = self._seen(password_hash)
        stored = _unmatched(self._cost) if password_hash is None or cost is None else password_hash
        return self._admitted_to(partial(self._verify, readable, stored, cost or self._cost))

    def expect(self, password_hash: str) -> None:
        self._seen(password_hash)

    def needs_upgrade(self, password_hash: str) -> bool:
        return _cost(password_hash) != self._cost

    def upgrade(self, password: str, then: Callable[[str], None]) -> None:
        readable = _readable(password)
        if readable is not None:
            self._upgrades.put(readable, then)

    def close(self) -> None:
        """Repeating it changes nothing; what is asked for later is answered, only not upgraded."""
        self._upgrades.close()

    def _hash(self, readable: bytes) -> str:
        return str(self._passlib.hash(readable))

    def _verify(self, readable: bytes | None, stored: str, cost: int) -> bool:
        if self._passlib.verify(readable or b"", stored) and readable is not None:
            return True
        self._top_up(cost)
        return False

    def _hash_again(self, readable: bytes) -> str:
        return self._threads.submit(self._hash, readable).result()

    def _seen(self, password_hash: str | None) -> int | None:
        """The cost of a stored hash, which is what refusals cost from now on if it is higher."""
        cost = _cost(password_hash)
        with self._target_lock:
            self._target = max(self._target, cost or 0)
        return cost

    def _top_up(self, spent: int) -> None:
        """`2^c + 2^c + 2^(c+1) + ... + 2^(target-1)` is `2^target`.

        bcrypt itself is asked, for what libpass adds to each call would add up to something to be seen.
        """
        for cost in range(spent, self._target):
            bcrypt.hashpw(_NOBODYS, f"$2b${cost:02}${_salt()}".encode())

    def _admitted_to(self, work: Callable[[], T]) -> T:
        """What one of the threads makes of it, if there is room in the queue, and it begins in time."""
        if not self._admitted.acquire(blocking=False):
            raise HasherBusy
        try:
            job = self._threads.submit(work)
            try:
                return job.result(_LONGEST_WAIT_S)
            except TimeoutError:
                if job.cancel():
                    raise HasherBusy from None
                return job.result()
        finally:
            self._admitted.release()


def _step_back() -> None:
    """For the calling thread alone, which Linux schedules like a process of its own; others do not."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _readable(password: str) -> bytes | None:
    if len(password) > _MAX_CHARACTERS:
        return None
    try:
        encoded = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= MAX_PASSWORD_BYTES else None


def _cost(password_hash: str | None) -> int | None:
    """None for what is no hash of ours, or would keep a processor busy for minutes."""
    found = _FORMAT.fullmatch(password_hash or "")
    cost = int(found["cost"]) if found else 0
    return cost if 4 <= cost <= _HIGHEST_COST else None


def _unmatched(cost: int) -> str:
    """A well-formed hash whose password nobody knows: as costly to check as a real one."""
    return f"$bcrypt-sha256$v=2,t=2b,r={cost}${_salt()}${secrets.token_hex(16)[:30]}."


def _salt() -> str:
    return secrets.token_hex(11)[:21] + "."
