from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

from printapic.adapters.system.identifiers import SeededIdentifiers

FORKING = """
import os
from printapic.adapters.system.identifiers import RandomIdentifiers
identifiers = RandomIdentifiers()
identifiers.uuid()
for child in range(8):
    if os.fork() == 0:
        os.write(1, f"{identifiers.uuid()} {identifiers.order_number()}\\n".encode())
        os._exit(0)
    os.wait()
"""


def test_the_same_seed_makes_the_same_identifiers() -> None:
    one, other = SeededIdentifiers(42), SeededIdentifiers(42)
    assert [one.uuid(), one.order_number(), one.uuid()] == [other.uuid(), other.order_number(), other.uuid()]


def test_another_seed_makes_others() -> None:
    one, other = SeededIdentifiers(1), SeededIdentifiers(2)
    assert one.uuid() != other.uuid()
    assert one.order_number() != other.order_number()


def test_a_seeded_uuid_carries_a_millisecond_of_2026() -> None:
    milliseconds = SeededIdentifiers(1).uuid().int >> 80
    assert datetime.fromtimestamp(milliseconds / 1000, UTC) == datetime(2026, 1, 1, tzinfo=UTC)


def test_processes_that_were_one_make_different_identifiers() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    made = done.stdout.split()
    # A UUID's tail is what two children of one moment must not share.
    tails = [each[-12:] for each in made]
    assert len(made) == len(set(tails)) == 16
