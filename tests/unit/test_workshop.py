"""What keeps the workshop honest: locks, version, import contracts, and this suite's own ``--require``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import printapic

ROOT = Path(__file__).parent.parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
SHELVES = ("src", "tests", "requirements", ".ci", "benchmarks", "docs")
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>\S+)")
REGISTRY_HOST = re.compile(
    r"py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(org|com)|(?<!no-emit-)index" + r"-url"
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _locked(lock: str) -> dict[str, Version]:
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    pins = [found for line in lines if (found := PINNED.match(line))]
    return {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in pins}


def _dependencies() -> list[Requirement]:
    return [Requirement(line) for line in _pyproject()["project"]["dependencies"]]


def _our_files() -> list[Path]:
    """Every text of ours; not the untracked things a developer keeps beside it."""
    loose = [
        path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith((".coverage", ".git"))
    ]
    shelved = [path for shelf in SHELVES for path in (ROOT / shelf).rglob("*") if path.is_file()]
    return [path for path in loose + shelved if "__pycache__" not in path.parts]


def test_there_are_locks() -> None:
    names = {path.stem for path in LOCKS}
    assert names >= {"runtime", "tests", "dev", "build", "lint", "lowest"}


@pytest.mark.parametrize("lock", LOCKS, ids=_name)
def test_every_locked_package_is_pinned_to_a_version_and_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    for entry in entries:
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS, ids=_name)
def test_no_lock_says_where_packages_come_from(lock: Path) -> None:
    assert not re.search(r"https?://|file://|git\+|^-", lock.read_text(), re.MULTILINE)


def test_every_dependency_is_locked_within_its_bounds() -> None:
    for lock in ("runtime", "tests", "dev", "lowest"):
        locked = _locked(lock)
        for dependency in _dependencies():
            version = locked[canonicalize_name(dependency.name)]
            assert dependency.specifier.contains(version), f"{lock}: {dependency.name} {version}"


def test_what_is_tested_is_what_is_shipped() -> None:
    tested, developed = _locked("tests"), _locked("dev")
    for name, version in _locked("runtime").items():
        assert tested[name] == developed[name] == version


def test_the_import_contracts_know_every_dependency() -> None:
    """Whoever adds a dependency keeps it out of the domain and the application in the same commit."""
    attrs_is_allowed = {"attr", "attrs"}
    runtime = {canonicalize_name(each.name) for each in _dependencies()}
    modules = {
        module
        for module, owners in packages_distributions().items()
        if runtime & {canonicalize_name(owner) for owner in owners} and not module.startswith("_")
    }
    for contract in _pyproject()["tool"]["importlinter"]["contracts"]:
        if contract["id"] in {"pure-domain", "plain-application"}:
            unknown = modules - attrs_is_allowed - set(contract["forbidden_modules"])
            assert not unknown, f"contract {contract['id']} does not forbid {unknown}"


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    for path in _our_files():
        text = path.read_text(errors="ignore")
        for pattern in (REGISTRY_HOST, MACHINE_PATH):
            assert not pattern.search(text), f"{_name(path)} matches {pattern.pattern}"


def test_the_changelog_knows_this_version() -> None:
    changelog = ROOT / "CHANGELOG.md"
    if changelog.exists():
        assert printapic.__version__ in changelog.read_text()
    assert str(Version(printapic.__version__)) == printapic.__version__


PROBE = """
    def test_with_photos(photos):
        pass

    def test_without():
        pass
"""


@pytest.mark.parametrize(
    ("needs", "outcome"),
    [
        ("", r"SKIPPED.*no folder /nowhere; PRINTAPIC_PHOTOS may name another\n=+ 1 passed, 1 skipped"),
        ("postgres,s3", r"1 passed, 1 skipped"),
        ("photos", r"--require photos: Skipped: no folder /nowhere(.|\n)*1 passed, 1 error"),
        ("photographs", r"--require knows .*, not photographs"),
    ],
)
def test_what_is_missing_is_a_skip_unless_it_is_required(tmp_path: Path, needs: str, outcome: str) -> None:
    (tmp_path / "test_probe.py").write_text(textwrap.dedent(PROBE))
    plugin = ["-p", "tests.conftest", "-c", os.devnull, "-W", "ignore", "-rs", f"--require={needs}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, str(tmp_path)],
        # The plugins of others have no say here, and take most of the time to load.
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PRINTAPIC_PHOTOS": "/nowhere",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert re.search(outcome, done.stdout), done.stdout
