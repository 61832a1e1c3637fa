"""How long a failed job rests, and what may be said about why it failed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePath
from traceback import walk_tb

from printapic.domain.errors import PrintAPicError, Unavailable

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


def origin(error: BaseException) -> str | None:
    """Say where a failure was raised, `file:line`, which is all of its traceback that is safe to log."""
    last = None
    for frame, line in walk_tb(error.__traceback__):
        last = f"{PurePath(frame.f_code.co_filename).name}:{line}"
    return last
