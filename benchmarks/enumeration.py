"""Whether answers tell who has an account: by their time, or by anything else that a client can see.

Requests about addresses that the shop knows and about others alternate at random over one connection to
`printapic serve`, whose jobs run in the same process and whose limits are off. A line each for every path
and every kind of password; the verdict is on the area under the curve (AUC) of "the slower one is known".
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import math
import random
import secrets
import statistics
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.servers import Served, shop_server
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

PAIRS, SHORT_PAIRS = 600, 12
ACCEPTED = (0.45, 0.55)
COST = 7
"""What new hashes cost. As little as is honest: dear hashes would hide what comes beside them."""
RIGHT = "nineteen blue herons"
WRONG = {
    "wrong": "eighteen blue herons",
    "empty": "",
    "73 bytes": "x" * 73,
    "NUL": "eighteen\0blue herons",
    "1 MB": "x" * 1_000_000,
}
NONE = {"-": ""}
KNOWN_A_KIND = 20
Body = Callable[[str, str], Mapping[str, Any]]
VARYING = ("request_id", "instance")


def auc(known: Sequence[float], unknown: Sequence[float]) -> float:
    """The chance that one of the first is larger than one of the others, equal ones counting half.

    The rank statistic of Mann and Whitney, `U / nm`: 0.5 tells nothing, 0 and 1 tell everything.
    """
    others = sorted(unknown)
    twice_the_wins = sum(bisect_left(others, value) + bisect_right(others, value) for value in known)
    return twice_the_wins / (2 * len(known) * len(unknown))


def deviation(known: int, unknown: int) -> float:
    """How far from a half, one standard deviation, so many values stray that tell nothing."""
    return math.sqrt((known + unknown + 1) / (12 * known * unknown))


@attrs.frozen(kw_only=True)
class Route:
    """A request about an address. `body` makes it of the address and a password.

    `known` are the kinds of accounts that are asked about, `asks_as_customer` says that it needs a login.
    The control is a difference that is there, which says that the measurement can see one.
    """

    name: str
    method: str
    path: str
    body: Body
    passwords: Mapping[str, str] = attrs.field(factory=lambda: NONE)
    known: tuple[str, ...] = ("same cost",)
    asks_as_customer: bool = False
    control: bool = False


def _login(email: str, password: str) -> Mapping[str, Any]:
    return {"email": email, "password": password}


def _address_alone(email: str, password: str) -> Mapping[str, Any]:
    return {"email": email}


ACCOUNTS = {"same cost": COST, "older, cheaper hash": COST - 1, "older, dearer hash": COST + 1}
ROUTES = (
    Route(name="login", method="POST", path="/v1/sessions", body=_login, passwords=WRONG, known=(*ACCOUNTS,)),
    Route(name="register", method="POST", path="/v1/users", body=_login, passwords=WRONG),
    Route(name="register", method="POST", path="/v1/users", body=_address_alone),
    Route(name="reset", method="POST", path="/v1/password-resets", body=_address_alone),
    Route(name="resend", method="POST", path="/v1/users/verification-mail", body=_address_alone),
    Route(
        name="e-mail change",
        method="PUT",
        path="/v1/users/me/email",
        body=_address_alone,
        asks_as_customer=True,
    ),
    Route(
        name="control: login",
        method="POST",
        path="/v1/sessions",
        body=_login,
        passwords={"right": RIGHT},
        known=("older, cheaper hash",),
        control=True,
    ),
)


@attrs.frozen(kw_only=True)
class Answer:
    """What came back and when. `seen` is all that may not depend on the account, `status` first."""

    took_s: float
    seen: tuple[object, ...]


class Client:
    """One connection, opened anew where the server closed it: it does so on a body that is too large."""

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)

    def ask(self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """Send JSON, and time it from the first byte sent to the last one received."""
        content = json.dumps(body).encode()
        if self._connection.sock is None:
            self._connection.connect()
        start = time.perf_counter()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # A server that has heard enough may hang up; what it said is there to be read.
            self._connection.request(method, path, content, {"Content-Type": "application/json", **headers})
        try:
            answer = self._connection.getresponse()
            text = answer.read()
        except (ConnectionError, http.client.HTTPException) as error:
            self._connection.close()
            return Answer(took_s=time.perf_counter() - start, seen=(type(error).__name__,))
        took_s = time.perf_counter() - start
        names = tuple(sorted(name.lower() for name, _ in answer.getheaders()))
        return Answer(took_s=took_s, seen=(answer.status, _constant(text), names))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def _constant(text: bytes) -> str:
    """A body without what is another one each time."""
    try:
        document = json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if name not in VARYING}
    return json.dumps(document, sort_keys=True)


@attrs.frozen(kw_only=True)
class Line:
    """One path, one kind of password, one kind of account: known ones and others, as many of each."""

    route: Route
    password: str
    account: str
    known: list[Answer]
    unknown: list[Answer]

    @property
    def auc(self) -> float:
        return auc([answer.took_s for answer in self.known], [answer.took_s for answer in self.unknown])

    @property
    def statuses(self) -> str:
        return ", ".join(sorted({str(answer.seen[0]) for answer in [*self.known, *self.unknown]}))

    @property
    def verdict(self) -> str:
        if self.statuses in {"404", "405"}:
            return "no such route yet"
        if not self.route.control and len({answer.seen for answer in [*self.known, *self.unknown]}) > 1:
            return "ANSWERS DIFFER"
        if self.chance > ACCEPTED[1] - 0.5:
            return "too few to say"
        if self.route.control:
            return "cannot be seen: MEASURE AGAIN" if self.unseen else "seen, as it must be"
        return "tells nothing" if self.unseen else "TELLS"

    @property
    def unseen(self) -> bool:
        return ACCEPTED[0] <= self.auc <= ACCEPTED[1]

    @property
    def chance(self) -> float:
        """How far from a half 95 % of such lines are that tell nothing."""
        return 1.96 * deviation(len(self.known), len(self.unknown))


def main(*, short: bool = False) -> None:
    """Print a line for each path, kind of account and kind of password."""
    pairs = SHORT_PAIRS if short else PAIRS
    table = Table(
        title=f"Who has an account? {pairs} pairs a line, AUC of the time in {ACCEPTED} tells nothing"
    )
    for column in ("request", "account", "password", "status"):
        table.add_column(column)
    for column in ("known ms", "unknown ms", "AUC", "chance ±"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as folder:
        customers = {kind: _register(Path(folder), cost) for kind, cost in ACCOUNTS.items()}
        with shop_server(Path(folder), bcrypt_cost=COST) as served:
            for line in _lines(served, customers, pairs):
                table.add_row(*_cells(line))
    Console(width=150).print(table)


def _register(folder: Path, cost: int) -> list[str]:
    """Customers whose hashes were made when this was the cost."""
    emails = [_email() for _ in range(KNOWN_A_KIND)]
    variables = {"PRINTAPIC_DATA": str(folder), "PRINTAPIC_BCRYPT_COST": str(cost)}
    with open_shop(Settings.from_environment(variables), background=False) as shop:
        for email in emails:
            shop.create_user(email=email, password=RIGHT)
    return emails


def _email() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def _lines(served: Served, customers: Mapping[str, list[str]], pairs: int) -> Iterator[Line]:
    client = Client(served)
    try:
        for route in ROUTES:
            headers = _logged_in(client, customers["same cost"][0]) if route.asks_as_customer else {}
            for account, (name, password) in itertools.product(route.known, route.passwords.items()):
                known = customers[account][1:]
                yield _measured(client, route, (account, known), (name, password), headers, pairs)
    finally:
        client.close()


def _logged_in(client: Client, email: str) -> dict[str, str]:
    answer = client.ask("POST", "/v1/sessions", _login(email, RIGHT), {})
    return {"Authorization": f"Bearer {json.loads(str(answer.seen[1]))['access_token']}"}


def _measured(
    client: Client,
    route: Route,
    accounts: tuple[str, list[str]],
    password: tuple[str, str],
    headers: Mapping[str, str],
    pairs: int,
) -> Line:
    """The first pairs warm up and are not counted."""
    account, emails = accounts
    strangers = [_email() for _ in emails]
    line = Line(route=route, password=password[0], account=account, known=[], unknown=[])
    for number in range(pairs + min(20, pairs)):
        turns = [(random.choice(emails), line.known), (random.choice(strangers), line.unknown)]
        for email, answers in random.sample(turns, 2):
            answer = client.ask(route.method, route.path, route.body(email, password[1]), headers)
            if number >= min(20, pairs):
                answers.append(answer)
    return line


def _cells(line: Line) -> tuple[str, ...]:
    def median(answers: list[Answer]) -> str:
        return f"{statistics.median(answer.took_s for answer in answers) * 1000:.2f}"

    return (
        line.route.name,
        line.account,
        line.password,
        line.statuses,
        median(line.known),
        median(line.unknown),
        f"{line.auc:.3f}",
        f"{line.chance:.3f}",
        line.verdict,
    )
