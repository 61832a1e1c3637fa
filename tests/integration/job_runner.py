"""Runners of jobs in processes of their own, for tests that kill them.

``serve KIND URL PATIENCE_S LOG`` runs jobs, and starts again whenever it is killed by one. Each run is a
line in the log. A job named ``poison`` kills its runner, one named ``endless`` never ends.
``claim PROCESSES URL LEASE_S LOG`` claims and finishes all jobs of an SQL ledger with many processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobLedger
from printapic.adapters.system.clock import SystemClock
from printapic.application.ports.jobs import Job
from tests.integration.job_backends import make_worker_elsewhere


def serve(kind: str, url: str, patience: timedelta, log: Path) -> None:
    while True:
        runner = os.fork()
        if not runner:
            _run(kind, url, patience, log)
            os._exit(0)
        os.waitpid(runner, 0)


def claim(processes: int, url: str, lease: timedelta, log: Path) -> None:
    started = [_forked(url, lease, log) for _ in range(processes)]
    statuses = [os.waitpid(each, 0)[1] for each in started]
    sys.exit(any(statuses))


def _run(kind: str, url: str, patience: timedelta, log: Path) -> None:
    def handle(job: Job) -> None:
        _append(log, f"{job.name}:{job.payload['number']}")
        if job.name == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.name == "endless":
            threading.Event().wait()

    worker = make_worker_elsewhere(kind, url)(SystemClock(), 1, patience)
    worker.run(handle, threading.Event())


def _forked(url: str, lease: timedelta, log: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        ledger, clock = SqlJobLedger(sql_engine(url)), SystemClock()
        while taken := ledger.claim(at=clock.now(), lease=lease):
            assert ledger.extend(taken, until=clock.now() + lease)
            assert ledger.finish(taken, at=clock.now())
            _append(log, taken.id)
    except BaseException as error:
        sys.stderr.write(f"{error!r} from {error.__cause__!r}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _append(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    mode, what, where, seconds, path = sys.argv[1:]
    if mode == "serve":
        serve(what, where, timedelta(seconds=float(seconds)), Path(path))
    else:
        claim(int(what), where, timedelta(seconds=float(seconds)), Path(path))
