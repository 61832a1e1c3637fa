"""The fixture that fails a test at its end, whoever swallowed the violation on the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROBE = """
    import contextlib

    import httpx
    import pytest

    GONE = {"Authorization": "Bearer x", "Stripe-Version": "2026-05-27.dahlia"}

    @pytest.fixture
    def first():
        yield
        print("everything else ends too")

    @pytest.mark.parametrize("path", ["/v1/payouts", "/v1/pay-outs"])
    def test_swallows(path, first, under_contract, stripe_contract):
        page = {"object": "list", "data": [], "has_more": False, "url": "/v1/payouts"}
        wire = httpx.MockTransport(lambda request: httpx.Response(200, json=page))
        client = httpx.Client(transport=under_contract(wire, stripe_contract))
        with contextlib.suppress(BaseException):
            client.get("http://127.0.0.1:8" + path, headers=GONE)
"""


def test_a_violation_that_was_swallowed_fails_the_test_at_its_end(tmp_path: Path, contracts: Path) -> None:
    (tmp_path / "test_probe.py").write_text(textwrap.dedent(PROBE))
    options = ["-p", "tests.conftest", "-c", os.devnull, "-W", "ignore", "-s", "-rE", "--tb=line"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PRINTAPIC_CONTRACTS": str(contracts),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert re.search(r"ERROR .*test_swallows\[/v1/pay-outs\]", done.stdout), done.stdout
    assert "Stripe, GET /v1/pay-outs: the contract has no such method and path" in done.stdout
    assert done.stdout.count("everything else ends too") == 2
    assert "2 passed, 1 error" in done.stdout
