"""Starting: what `import printapic` and `printapic --help` cost, and a shop until it serves and at rest."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.pairs import Ratio
from benchmarks.servers import cpu_seconds, memory_mb, shop_server

_HELP = ("-m", "printapic.entrypoints.cli.main", "--help")
WORK: dict[str, tuple[str, ...]] = {
    "python -c pass": ("-c", "pass"),
    "import printapic": ("-c", "import printapic"),
    "import printapic.domain": ("-c", "import printapic.domain.orders.order"),
    "printapic --help": _HELP,
    "from printapic import open_shop": ("-c", "from printapic import open_shop"),
}


@attrs.frozen(kw_only=True)
class Run:
    """One process from its start to its end."""

    cpu_s: float
    wall_s: float


def main(*, short: bool = False) -> None:
    """Print a line for each program, and one for the server."""
    rounds = 2 if short else 15
    table = Table(title=f"Starting, medians of {rounds} rounds (quartiles)")
    table.add_column("program")
    for column in ("CPU s", "wall s"):
        table.add_column(column, justify="right")
    runs: dict[str, list[Run]] = {name: [] for name in WORK}
    for turn in range(rounds + 1):
        for name in sorted(WORK, reverse=bool(turn % 2)):
            runs[name].append(measured([sys.executable, *WORK[name]]))
    for name, (_cold, *warm) in runs.items():
        table.add_row(
            name,
            str(Ratio.of([run.cpu_s for run in warm])),
            str(Ratio.of([run.wall_s for run in warm])),
        )
    console = Console(width=130)
    console.print(table)
    for line in _serving(1 if short else 2):
        console.print(line)


def measured(command: Sequence[str]) -> Run:
    """Run a program to its end. Raises `AssertionError` where it fails."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"{' '.join(command)}: {process.returncode}")
    return Run(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.perf_counter() - start,
    )


def _serving(times: int) -> Iterator[str]:
    """A new shop on SQLite, migrations and price list included, and the same shop once more."""
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as folder:
        for name in ("a new shop", "the same shop again")[:times]:
            start = time.perf_counter()
            with shop_server(Path(folder)) as shop:
                ready_s = time.perf_counter() - start
                memory = memory_mb(shop.pid)
                yield (
                    f"printapic serve, {name}, SQLite: ready after {ready_s:.2f} s with "
                    f"{cpu_seconds(shop.pid):.2f} s of CPU; at rest {memory['Rss']:.0f} MB resident, "
                    f"{memory['Pss']:.0f} MB proportional"
                )
