"""Which requests to a simulated provider go wrong: planned one by one, or a share of all replies.

Plans and counters stand in the books, so a test may plan while another process serves.
"""

from __future__ import annotations

import random

from tests.providers.books import Entry
from tests.providers.counter import Call, WireFault


def plan(entry: Entry, call: Call, nth: int, fault: WireFault) -> None:
    """Let the `nth` request of this kind from now on go wrong, once. Raises `ValueError` for `nth` < 1."""
    if nth < 1:
        raise ValueError("the next request is number 1")
    entry.connection.execute(
        "INSERT OR REPLACE INTO planned VALUES (?, ?, ?)", (call, seen(entry, call) + nth, fault)
    )


def drop_replies(entry: Entry, share: float, *, seed: int) -> None:
    """From now on lose this share of all replies, half of them before the effect."""
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    entry.keep("drop_replies", {"share": share, "seed": seed, "from": seen(entry, "*")})


def seen(entry: Entry, name: str) -> int:
    """How many requests of a kind (`*`: of any) there have been."""
    row = entry.connection.execute("SELECT seen FROM counter WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else row["seen"]


def draw(entry: Entry, call: Call | None) -> WireFault | None:
    """Count a request, and say what happens to it."""
    number = _count(entry, "*")
    planned = None if call is None else _planned(entry, call, _count(entry, call))
    return planned or _dropped(entry, number)


def _count(entry: Entry, name: str) -> int:
    row = entry.connection.execute(
        "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET seen = seen + 1 RETURNING seen",
        (name,),
    ).fetchone()
    return int(row["seen"])


def _planned(entry: Entry, call: Call, number: int) -> WireFault | None:
    row = entry.connection.execute(
        "DELETE FROM planned WHERE name = ? AND at = ? RETURNING fault", (call, number)
    ).fetchone()
    return None if row is None else WireFault(row["fault"])


def _dropped(entry: Entry, number: int) -> WireFault | None:
    drops = entry.setting("drop_replies")
    if not drops or not drops["share"]:
        return None
    # Each request draws from its own place: the same seed loses the same replies, whoever serves.
    dice = random.Random(f"{drops['seed']}:{number - drops['from']}")
    if dice.random() >= drops["share"]:
        return None
    return WireFault.DROP_BEFORE if dice.random() < 0.5 else WireFault.DROP_AFTER
