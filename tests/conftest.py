"""What every test may ask for: real servers, the photos, the providers' contracts.

A test says what it needs by asking for the fixture; the marker of the same name follows by itself. What
this machine cannot offer is a skip that says why, unless ``--require`` names it: then it is a failure,
so that a green build means that it ran.
"""

from __future__ import annotations

import gc
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings as hypothesis_settings

from tests.servers.keeper import KeptServers, RemoteServers, Servers
from tests.servers.postgres import PostgresProcess, PostgresServer, running_postgres
from tests.servers.processes import ServerFailed, ServerUnavailable
from tests.servers.s3 import S3Bucket, S3Server
from tests.servers.smtp import SmtpServer, running_smtp
from tests.servers.valkey import RedisServer, ValkeyProcess, running_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import httpx

    from tests.provider_contracts.contract import Contract
    from tests.provider_contracts.transport import ContractTransport

ROOT = Path(__file__).parent.parent
NEEDS = ("postgres", "s3", "smtp", "redis", "photos", "contracts")
_MARKER_OF_FIXTURE = {
    "postgres_server": "postgres",
    "own_postgres": "postgres",
    "s3_server": "s3",
    "smtp_server": "smtp",
    "smtp_login_server": "smtp",
    "redis_url": "redis",
    "own_valkey": "redis",
    "photos": "photos",
    "contracts": "contracts",
}
_WHERE = pytest.StashKey[str]()
Kind = TypeVar("Kind", PostgresServer, S3Server, RedisServer)
_SERVERS = pytest.StashKey[Servers]()
_REQUIRED = pytest.StashKey[frozenset[str]]()

hypothesis_settings.register_profile("default", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=False, print_blob=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--require``."""
    parser.addoption(
        "--require",
        default="",
        metavar="NEEDS",
        help=f"comma list of {', '.join(NEEDS)}: fail instead of skipping when these are missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep the servers in the controlling process, and know in a worker whom to ask."""
    required: frozenset[str] = frozenset(filter(None, config.getoption("--require").split(",")))
    if unknown := required.difference(NEEDS):
        raise pytest.UsageError(f"--require knows {', '.join(NEEDS)}, not {', '.join(sorted(unknown))}")
    config.stash[_REQUIRED] = required
    where = getattr(config, "workerinput", {}).get("servers")
    if where:
        config.stash[_SERVERS] = RemoteServers(where)
        return
    kept = KeptServers()
    config.stash[_SERVERS] = kept
    config.add_cleanup(kept.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker where the servers of this run are."""
    config: pytest.Config = node.config
    where = config.stash.get(_WHERE, None)
    if where is None:
        kept = config.stash[_SERVERS]
        assert isinstance(kept, KeptServers)
        where = config.stash[_WHERE] = kept.listen()
    node.workerinput["servers"] = where


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test the marker of what its fixtures need, before ``-m`` selects by marker."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKER_OF_FIXTURE:
                item.add_marker(_MARKER_OF_FIXTURE[fixture])


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at all that was imported, again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure when what it needs was required."""
    report = yield
    required = item.config.stash[_REQUIRED]
    missing = sorted(each for each in required if item.get_closest_marker(each))
    if report.skipped and missing and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"--require {','.join(missing)}: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    """The PostgreSQL of this run: make databases with `create_database`, clone them with `template`."""
    return _server(pytestconfig, "postgres", PostgresServer)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh empty database, this test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[PostgresProcess]:
    """A whole PostgreSQL of this test's own, to stop, crash and kill. Costs about half a second."""
    try:
        with running_postgres() as process:
            yield process
    except ServerUnavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def s3_server(pytestconfig: pytest.Config) -> S3Server:
    """The S3 server of this run, shared by all tests: prefer `s3_bucket`."""
    return _server(pytestconfig, "s3", S3Server)


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> S3Bucket:
    """A prefix of this test's own in the bucket of the run."""
    return S3Bucket(s3_server, prefix=f"{secrets.token_hex(6)}/")


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """An SMTP server that takes mail from anybody."""
    try:
        with running_smtp() as server:
            yield server
    except ServerUnavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture
def smtp_login_server() -> Iterator[SmtpServer]:
    """An SMTP server that demands a login."""
    try:
        with running_smtp(login=True) as server:
            yield server
    except ServerUnavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """The Redis of this run, shared by all tests: keep to keys of one's own."""
    return _server(pytestconfig, "redis", RedisServer).url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyProcess]:
    """A whole Valkey of this test's own, to halt, kill and start again. Costs a tenth of a second."""
    try:
        with running_valkey() as process:
            yield process
    except ServerUnavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of real photos: cameras' own files, which the repository does not carry."""
    return _folder("PRINTAPIC_PHOTOS", "photos")


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of the payment providers' published contracts."""
    return _folder("PRINTAPIC_CONTRACTS", "contracts")


@pytest.fixture(scope="session")
def stripe_contract(contracts: Path) -> Contract:
    """What Stripe promises, to hold traffic and webhooks against."""
    from tests.provider_contracts import contract

    return contract.stripe_contract(contracts)


@pytest.fixture(scope="session")
def paypal_contract(contracts: Path) -> Contract:
    """What PayPal promises, to hold traffic and webhooks against."""
    from tests.provider_contracts import contract

    return contract.paypal_contract(contracts)


@pytest.fixture
def under_contract() -> Iterator[Callable[[httpx.BaseTransport, Contract], ContractTransport]]:
    """Puts a contract around a transport, and fails the test at its end if anything ever broke it."""
    from tests.provider_contracts.transport import ContractTransport

    made: list[ContractTransport] = []

    def wrapped(inner: httpx.BaseTransport, contract: Contract) -> ContractTransport:
        made.append(ContractTransport(inner, contract))
        return made[-1]

    yield wrapped
    for transport in made:
        transport.check()


def _server(config: pytest.Config, kind: str, of: type[Kind]) -> Kind:
    answer = config.stash[_SERVERS].ask(kind)
    if isinstance(answer, ServerUnavailable):
        pytest.skip(str(answer))
    if isinstance(answer, ServerFailed):
        raise answer
    assert isinstance(answer, of)
    return answer


def _folder(variable: str, name: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}; {variable} may name another")
    return folder
