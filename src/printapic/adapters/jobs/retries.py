"""How long a failed job rests, and what may be said about why it failed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePath
from traceback import walk_tb

import structlog

from printapic.domain.errors import PrintAPicError, Unavailable

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

Jitter = Callable[[float], float]
"""Chooses a pause of at most so many seconds."""


class RunnerLost(Unavailable):
    """Whoever ran the job ended without saying what became of it: killed, crashed, or cut off."""

    code = "runner-lost"

    def __init__(self) -> None:
        super().__init__("The runner of the job ended in the middle of it.")


def full_jitter(longest: float) -> float:
    """Choose evenly between nothing and all of `longest`, so that jobs that failed together part ways."""
    return random.uniform(0, longest)  # noqa: S311 - spreads load, keeps no secret


def pause_after(attempts: int, jitter: Jitter) -> timedelta:
    """Return the rest after the `attempts`-th failure: up to 5 s, 10 s, 20 s ..., never more than 1 h."""
    doublings = min(attempts - 1, 20)
    longest = min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
    return timedelta(seconds=jitter(longest.total_seconds()))


def described(error: BaseException) -> str:
    """Name a failure by its class and, where it is one of ours, its code.

    Never its text: messages of drivers and SDKs quote addresses, parameters and secrets.
    """
    name = type(error).__name__
    return f"{name} {error.code}" if isinstance(error, PrintAPicError) else name


def report(
    event: str, *, job_id: str, name: str, attempts: int, error: BaseException, **more: object
) -> None:
    """Log a failure by what may be said about it; of its traceback, only where it was raised."""
    log.warning(
        event,
        job_id=job_id,
        job=name,
        attempts=attempts,
        error=type(error).__name__,
        code=error.code if isinstance(error, PrintAPicError) else None,
        where=origin(error),
        **more,
    )


def origin(error: BaseException) -> str | None:
    """Return `file:line` of the innermost frame in which an error was raised."""
    frames = walk_tb(error.__traceback__)
    last = max(enumerate(frames), key=lambda each: each[0], default=None)
    if last is None:
        return None
    frame, line = last[1]
    return f"{PurePath(frame.f_code.co_filename).name}:{line}"
