"""Let Schemathesis ask the whole API whatever its document allows and forbids: `-m tests.conformance.run`.

Three passes, each against a fresh `printapic serve` on SQLite: as staff with every role, as a customer
beside another one, and as nobody. The same requests every time, unless arguments say otherwise; those
go on to `schemathesis run`, as in `-- --max-examples 200`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance.people import beside, move_in, write_credentials
from tests.integration.journeys.shop_process import ROOT, ShopProcess

SETTINGS = Path(__file__).with_name("schemathesis.toml")
PASSES = {
    "staff": 'user = "staff"',
    "customer": 'user = "customer"\npeers = ["customer", "neighbour"]',
    "nobody": "",
}


def main(arguments: list[str]) -> int:
    """The number of passes that found something."""
    chosen = [each for each in arguments if each in PASSES] or list(PASSES)
    rest = [each for each in arguments if each not in PASSES]
    return sum(not passed(who, rest) for who in chosen)


def passed(who: str, arguments: list[str]) -> bool:
    """Ask as one of them. What went wrong is printed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = ShopProcess(folder, {"PRINTAPIC_STAFF_MFA": "optional"})
        shop.start()
        os.environ |= {
            each: value for each, value in shop.environment.items() if each.startswith("PRINTAPIC_")
        }
        try:
            with beside(shop.url) as live:
                write_credentials(move_in(live), folder / "people.json")
            settings = folder / "schemathesis.toml"
            settings.write_text(SETTINGS.read_text() + _identity(who, folder / "people.json"))
            code = _ask(who, shop.url, settings, arguments)
        finally:
            left = shop.stop()
        print(f"as {who}: {time.monotonic() - began:.0f} s")
        for line in shop.log().splitlines():
            if "Traceback" in line or "request failed" in line:
                print(line)
                code = code or 1
    return code == 0 and left == 0


def _identity(who: str, people: Path) -> str:
    if not PASSES[who]:
        return ""
    return f'\n[auth.wfc]\npath = "{people}"\nrefresh_interval = 200\n{PASSES[who]}\n'


def _ask(who: str, url: str, settings: Path, arguments: list[str]) -> int:
    command = [
        "schemathesis",
        "--config-file",
        str(settings),
        "run",
        f"{url}/schema/openapi.json",
        *arguments,
    ]
    environment = {**os.environ, "CONFORMANCE_URL": url, "CONFORMANCE_WHO": who}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
