"""What the log may tell of a failure that nobody foresaw: what it was and where, never what it said.

Messages of drivers and libraries quote what they were given: addresses, names, hashes of passwords.
"""

from __future__ import annotations

from collections.abc import Iterator
from traceback import walk_tb


def anatomy(failure: BaseException) -> dict[str, object]:
    """Fields for a log entry: `error`, the classes from the failure to its first cause, and its `stack`.

    A line of the stack is module, line and function; that of the first cause begins, outermost frames first.
    """
    chain = list(_chain(failure))
    return {
        "error": " from ".join(type(each).__qualname__ for each in chain),
        "stack": [place for each in reversed(chain) for place in _places(each)],
    }


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """As a traceback shows it: what was raised from nothing hides what was being handled."""
    current: BaseException | None = failure
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _places(failure: BaseException) -> Iterator[str]:
    for frame, line in walk_tb(failure.__traceback__):
        yield f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"
