"""Stripe's idempotency: the first answer under a key is the answer, 500s included, for a day."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from tests.providers.books import Entry
from tests.providers.routes import Reply
from tests.providers.stripe.refusals import Refused

LIFETIME = timedelta(hours=24)
LONGEST = 255


class KeysInUse:
    """The keys whose first request is being worked on in this process. The second is sent off at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Raises `Refused` with 409 where somebody holds it."""
        with self._lock:
            if key in self._keys:
                raise in_use(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def in_use(key: str) -> Refused:
    return Refused(
        "There is currently another in-progress request using this idempotent key"
        f" (that probably means you submitted twice): {key}. Please try again later.",
        status=409,
        type_="idempotency_error",
        code="idempotency_key_in_use",
        executed=False,
    )


def check(key: str) -> None:
    """Raises `Refused` for a key that is none."""
    if not 1 <= len(key) <= LONGEST:
        raise Refused("Idempotency keys have 1 to 255 characters", executed=False)


def digest_of(method: str, path: str, parameters: dict[str, Any]) -> str:
    """What tells two requests under one key apart: never the order of their parameters."""
    said = json.dumps([method, path, parameters], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def replayed(entry: Entry, key: str, digest: str) -> Reply | None:
    """The first answer again; None for a key that is new, or forgotten. Raises `Refused`."""
    stored = entry.answer(key)
    if stored is None or entry.now - stored.at >= LIFETIME:
        return None
    if stored.digest != digest:
        raise Refused(
            "Keys for idempotent requests can only be used with the same parameters they were first used"
            f" with; try a key other than '{key}' if you meant to execute a different request.",
            type_="idempotency_error",
            executed=False,
        )
    headers = {**stored.headers, "idempotent-replayed": "true"}
    return Reply(status=stored.status, body=stored.body, headers=headers)


def kept(entry: Entry, key: str, digest: str, reply: Reply, headers: Mapping[str, str]) -> None:
    """Remember a first answer, with what is said beside it whenever it is said again."""
    entry.remember(key, digest, reply.status, {**reply.headers, **headers}, reply.body)
