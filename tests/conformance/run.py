"""Let Schemathesis ask the whole API whatever its document allows and forbids: `-m tests.conformance.run`.

Three passes, each against a fresh `printapic serve` on SQLite: as staff with every role, as a customer
beside another one, and as nobody. Each asks every operation by itself, and then in chains where one answer
leads to the next request. Names of passes choose some of them; other arguments go on to `schemathesis run`,
as in `staff --max-examples 200 --max-time 3600`. The seed is fixed: `--seed` chooses another.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance.people import beside, move_in
from tests.integration.journeys.shop_process import ROOT, ShopProcess

SETTINGS = Path(__file__).with_name("schemathesis.toml")
PASSES = {
    "staff": 'user = "staff"',
    "customer": 'user = "customer"\npeers = ["customer", "neighbour"]',
    "nobody": "",
}
CHAINS_S = {"staff": 45, "customer": 25, "nobody": 5}
"""How long to go on with chains. A shop that remembers makes Hypothesis, which expects the same end of the
same beginning, start anew again and again, so that a number of chains would say nothing."""

VARIABLES = {
    "PRINTAPIC_RETURN_ORIGINS": "http://127.0.0.1:8000",  # where the document's examples return to
    "PRINTAPIC_STAFF_MFA": "optional",  # there is nobody to hold a telephone
}
OUT_OF_REACH = {
    "accept_parked_money": "only where money came in a wrong amount",
    "close_finding": "only where a provider's books differ from ours",
    "confirm_email_change": "its token is in a mail",
    "confirm_second_factor": "takes a code of this minute",
    "disable_second_factor": "only after one was confirmed",
    "receive_webhook": "only with the provider's signature",
    "renew_recovery_codes": "only after a second factor was confirmed",
    "reset_password": "its token is in a mail",
    "resolve_review": "only where a person was asked to look",
    "reset_second_factor": "only after one was confirmed",
    "revert_email_change": "its token is in a mail",
    "verify_email": "its token is in a mail",
}
"""Operations that nobody gets through to by asking. All others have to succeed at least once."""


def main(arguments: list[str]) -> int:
    """0 where nothing was found."""
    chosen = [each for each in arguments if each in PASSES] or list(PASSES)
    rest = [each for each in arguments if each not in PASSES]
    with tempfile.TemporaryDirectory() as name:
        answers = Path(name)
        good = [ask(who, rest, answers) for who in chosen]
        if not arguments:
            good.append(tell_out_of_reach(answers))
    return int(not all(good))


def ask(who: str, arguments: list[str], answers: Path) -> bool:
    """Ask as one of them, in a shop of their own. What went wrong is printed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = ShopProcess(folder, VARIABLES)
        shop.start()
        try:
            good = _ask(who, shop, arguments, answers)
        finally:
            ended_well = shop.stop() == 0
        broken = [line for line in shop.log().splitlines() if "request failed" in line or "Traceback" in line]
        print(*broken, f"as {who}: {time.monotonic() - began:.0f} s", sep="\n", flush=True)
    return good and ended_well and not broken


def _ask(who: str, shop: ShopProcess, arguments: list[str], answers: Path) -> bool:
    os.environ |= shop.environment
    with beside(shop.url) as live:
        move_in(live, shop.folder)
    settings = shop.folder / "schemathesis.toml"
    settings.write_text(SETTINGS.read_text() + _identity(who, shop.folder / "people.json"))
    command = ["schemathesis", "--config-file", str(settings), "run", f"{shop.url}/schema/openapi.json"]
    told = {**os.environ, "CONFORMANCE_URL": shop.url, "CONFORMANCE_WHO": who}
    codes: list[int] = []
    for how, more in (
        ("examples,coverage,fuzzing", []),
        ("stateful", ["--max-time", str(CHAINS_S[who])]),
    ):
        told["CONFORMANCE_ANSWERS"] = str(answers / f"{who}-{len(codes)}.json")
        line = [*command, "--phases", how, *more, *arguments]
        codes.append(subprocess.run(line, cwd=ROOT, env=told, check=False).returncode)
    return not any(codes)


def tell_out_of_reach(folder: Path) -> bool:
    """Where no answer is a success, nothing was looked at but refusals."""
    paths = json.loads((ROOT / "openapi.json").read_text())["paths"]
    wanted = {operation["operationId"] for item in paths.values() for operation in item.values()}
    answers = [answer for path in folder.iterdir() for answer in json.loads(path.read_text())]
    missing = wanted - {operation for operation, status, _ in answers if status < 400} - set(OUT_OF_REACH)
    for operation in sorted(missing):
        print(f"nobody got through to {operation}: {[a[1:] for a in answers if a[0] == operation]}")
    return not missing


def _identity(who: str, people: Path) -> str:
    """The part of the settings that says who asks; tokens are fetched anew well before they expire."""
    return f'\n[auth.wfc]\npath = "{people}"\nrefresh_interval = 200\n{PASSES[who]}\n' if PASSES[who] else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
