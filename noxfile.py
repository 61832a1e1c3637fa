"""Everything a developer or a build machine does with PrintAPic: ``python3 -m nox -s tests`` and friends.

Environments are made from hash-locked requirements, by uv where it is installed and by virtualenv
otherwise; they are kept, because pip takes a minute to fill one and two seconds to see that it is full.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

os.environ["UV_PYTHON_DOWNLOADS"] = "never"
# Where nothing compiled may be kept, as in many containers, each of the hundreds of processes that the
# tests start would compile everything anew: most of the time that they take.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]

LOCKS = Path("requirements")
MEMORY, PLENTY_BYTES = Path("/dev/shm"), 4 << 30
CORE = ("tests/unit/domain", "tests/unit/application")
SELECTING = ("-k", "-m", "-x", "--co", "--ff", "--lf", "--maxfail", "--nf", "--sw", "--last", "--stepwise")
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on this interpreter, real servers included; arguments go to pytest."""
    _install(session, "tests")
    _test(session)


@nox.session(python=["3.11", "3.12", "3.13"])
def tests_matrix(session: nox.Session) -> None:
    """Run the tests on every interpreter we promise."""
    _install(session, "tests")
    _test(session)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that pyproject.toml promises to work with."""
    _install(session, "lowest")
    session.run("pytest", *_workers(session), *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Run the scenarios of payments on both databases, then what kills and cuts things, one at a time."""
    _install(session, "tests")
    if not any(_selects(argument) for argument in session.posargs):
        for store in ("sqlite", "postgres"):
            scenarios = ("tests/integration/payments", *_workers(session), *session.posargs)
            session.run("pytest", *scenarios, env={"PRINTAPIC_TEST_STORE": store})
    session.run("pytest", "-m", "chaos", "-o", "faulthandler_timeout=1500", *session.posargs)


@nox.session
def schemathesis(session: nox.Session) -> None:
    """Ask a real shop whatever its OpenAPI document allows and forbids, as staff, customer and nobody."""
    _install(session, "schemathesis")
    session.run("python", "-m", "tests.conformance.run", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks; arguments choose which."""
    _install(session, "tests")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Place, pay and print an order against nothing but this machine."""
    _install(session, "runtime", "build")
    session.run("printapic", "demo", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    _lock(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that the layers and concepts import only what the architecture allows."""
    _lock(session, "lint")
    session.run("lint-imports", *session.posargs, env={"PYTHONPATH": "src"})


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Repair style and formatting where that can be done by machine."""
    _lock(session, "lint")
    session.run("ruff", "check", "--fix", "--exit-zero")
    session.run("ruff", "format")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly."""
    _lock(session, "dev")
    session.run("mypy", *session.posargs)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Resolve the locks anew; ``-- --upgrade`` moves every version. The only session that needs uv."""
    resolve = (
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-emit-index-url", "--no-header", "--annotation-style=line"),
        *session.posargs,
    )

    def write(name: str, *what: str, within: str | None = None) -> None:
        constraint = ("-c", str(LOCKS / f"{within}.txt")) if within else ()
        session.run(*resolve, *what, *constraint, "-o", str(LOCKS / f"{name}.txt"), external=True)

    write("runtime", "pyproject.toml")
    write("tests", "pyproject.toml", "--group", "tests", within="runtime")
    write("dev", "pyproject.toml", "--group", "dev", within="tests")
    write("build", "--group", "build", within="tests")
    write("lint", "--group", "lint", within="dev")
    write("schemathesis", "pyproject.toml", "--group", "schemathesis", "--group", "build", within="runtime")
    write("lowest", "pyproject.toml", "--group", "tests", "--resolution", "lowest-direct")


def _lock(session: nox.Session, *locks: str) -> None:
    requirements = [part for lock in locks for part in ("-r", str(LOCKS / f"{lock}.txt"))]
    session.install("--require-hashes", *requirements, env=QUIET)


def _install(session: nox.Session, *locks: str) -> None:
    """Install locked requirements, the build backend among them, then the project and nothing else."""
    _lock(session, *locks)
    session.install("--no-deps", "--no-build-isolation", "-e", ".", env=QUIET)


def _test(session: nox.Session) -> None:
    if any(_selects(argument) for argument in session.posargs):
        session.run("pytest", *session.posargs)
        return
    # The core's own unit tests cover it by themselves: all others run without the tracer, in half the time.
    session.run("coverage", "erase")
    session.run("pytest", *CORE, *_workers(session), "--cov", "--cov-report=", *session.posargs)
    session.run("coverage", "report", "--fail-under=100")
    rest = ("tests", *(f"--ignore={folder}" for folder in CORE))
    with _quick_folder() as folder:
        # One worker more than there are cores, as some of these tests wait for clocks and servers.
        session.run("pytest", *rest, *_workers(session, more=1), *session.posargs, env=folder)


@contextmanager
def _quick_folder() -> Iterator[dict[str, str]]:
    """Let pytest keep its folders in memory if that is large: SQLite waits for the disk at every commit."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < PLENTY_BYTES:
        yield {}
        return
    with TemporaryDirectory(prefix="printapic-tests-", dir=MEMORY) as folder:
        yield {"PYTEST_DEBUG_TEMPROOT": folder}


def _workers(session: nox.Session, more: int = 0) -> list[str]:
    """Use every core and at least two workers, so that tests which only pass alone are noticed."""
    if any(argument.startswith(("-n", "--numprocesses")) for argument in session.posargs):
        return []
    return ["-n", str(min(8, max(2, os.cpu_count() or 2) + more)), "--dist", "worksteal"]


def _selects(argument: str) -> bool:
    """Tell whether a pytest argument leaves tests out; coverage says nothing then."""
    return argument.startswith(SELECTING) or Path(argument.partition("::")[0]).exists()
