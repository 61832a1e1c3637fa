"""Run the benchmarks that are named, or all of them."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

SHORT = "--short"


def main(arguments: list[str]) -> None:
    """Import each benchmark only when it is run: some need servers.

    `--short` measures next to nothing, and shows that everything still works.
    """
    names = [each for each in arguments if each != SHORT]
    found = [each.name for each in pkgutil.iter_modules(benchmarks.__path__) if not each.name.startswith("_")]
    runnable = [name for name in found if hasattr(importlib.import_module(f"benchmarks.{name}"), "main")]
    if unknown := set(names).difference(runnable):
        sys.exit(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(runnable)}")
    for name in names or runnable:
        importlib.import_module(f"benchmarks.{name}").main(short=SHORT in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
