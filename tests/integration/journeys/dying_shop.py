"""`printapic serve`, which kills itself when it would store an answer: the work is done, nobody knows.

Run as a module, with the arguments of `printapic`.
"""

from __future__ import annotations

import os
import signal

from dependency_injector import providers

from printapic.adapters.persistence.sql.idempotency import SqlIdempotencyKeys
from printapic.application.ports.idempotency import Claimed, StoredReply
from printapic.entrypoints.cli.main import main
from printapic.entrypoints.container import Container


class LastWords(SqlIdempotencyKeys):
    """Never gets to say them."""

    def finish(self, claim: Claimed, reply: StoredReply) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("survived")


if __name__ == "__main__":
    Container.idempotency_keys.override(providers.ThreadSafeSingleton(LastWords, Container.engine))
    main()
