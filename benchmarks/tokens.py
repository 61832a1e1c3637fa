"""Tokens: what it costs to sign, to verify and to refuse one, and what reading through a live ring adds."""

from __future__ import annotations

import gc
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.pairs import Ratio
from printapic.adapters.system.clock import SystemClock
from printapic.adapters.users import key_file
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import FileKeyRing
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid

TOKENS, SHORT_TOKENS = 2_000, 20
ROUNDS, SHORT_ROUNDS = 15, 2
Work = Callable[[], object]


@attrs.frozen(kw_only=True)
class Cost:
    """Microseconds of the processor for one, the median of the rounds between their quartiles."""

    each_us: Ratio

    @property
    def per_second(self) -> int:
        return round(1_000_000 / self.each_us.median)


def main(*, short: bool = False) -> None:
    """Print a line for each kind of work, on one core."""
    tokens, rounds = (SHORT_TOKENS, SHORT_ROUNDS) if short else (TOKENS, ROUNDS)
    table = Table(title=f"Tokens, {rounds} rounds of {tokens} each, medians (quartiles), one core")
    table.add_column("work")
    for column in ("µs of CPU", "a second"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as folder:
        for name, work in _works(Path(folder), tokens).items():
            cost = measured(work, rounds)
            table.add_row(name, str(cost.each_us), f"{cost.per_second:,}")
    Console(width=130).print(table)


def measured(work: Sequence[Work], rounds: int) -> Cost:
    """Do all of it so many times, after once for warming up."""
    costs = []
    for _ in range(rounds + 1):
        gc.collect()
        start = time.process_time_ns()
        for each in work:
            each()
        costs.append((time.process_time_ns() - start) / 1000 / len(work))
    return Cost(each_us=Ratio.of(costs[1:]))


def _works(folder: Path, tokens: int) -> dict[str, Sequence[Work]]:
    """By name, as many pieces of work as there are tokens. What each answers is looked at."""
    clock = SystemClock()
    now = clock.now()
    key_file.create(folder / "keys.json", KeyRing.generate(at=now))
    live = FileKeyRing(folder / "keys.json")
    still = live.current()

    def issuer(ring: FileKeyRing | KeyRing, remembered: int = 0) -> JwtTokenIssuer:
        return JwtTokenIssuer(
            keyring=ring, clock=clock, issuer="https://shop.example", audience="api", remembered=remembered
        )

    plain, through_file, remembering = issuer(still), issuer(live), issuer(live, tokens)
    user, session = UserId(uuid4()), SessionId(uuid4())
    good = [plain.access_token(user, session, n, at=now)[0] for n in range(1, tokens + 1)]
    forged = [
        f"{one.rpartition('.')[0]}.{other.rpartition('.')[2]}" for one, other in itertools.pairwise(good)
    ]
    foreign = [f"{'A' * 40}.{token.partition('.')[2]}" for token in good]
    refresh = [plain.refresh_token(session, n) for n in range(1, tokens + 1)]

    def read(reader: JwtTokenIssuer, token: str) -> Work:
        def once() -> None:
            if reader.read_access_token(token, at=now).user_id != user:
                raise AssertionError(token)

        return once

    def refuse(token: str) -> Work:
        def once() -> None:
            try:
                through_file.read_access_token(token, at=now)
            except SessionInvalid:
                return
            raise AssertionError(token)

        return once

    return {
        "sign an access token": [
            lambda: through_file.access_token(user, session, 1, at=now) for _ in range(tokens)
        ],
        "verify one, keys in memory": [read(plain, token) for token in good],
        "verify one, keys in a watched file": [read(through_file, token) for token in good],
        "verify one that was seen before": [read(remembering, token) for token in good],
        "refuse one with a foreign signature": [refuse(token) for token in forged],
        "refuse one with a foreign header": [refuse(token) for token in foreign],
        "make a refresh token": [lambda: through_file.refresh_token(session, 1) for _ in range(tokens)],
        "read a refresh token": [partial(through_file.read_refresh_token, token) for token in refresh],
        "derive a secret anew": _derivations(tokens),
        "ask a watched ring for a secret": [lambda: live.secret("access token") for _ in range(tokens)],
        "look whether the file changed": _looks(live, tokens),
    }


def _derivations(amount: int) -> Sequence[Work]:
    ring = KeyRing.generate()
    names = itertools.count()
    return [lambda: ring.secret(f"purpose {next(names)}") for _ in range(amount)]


def _looks(live: FileKeyRing, amount: int) -> Sequence[Work]:
    return [lambda: live.current("unknown") for _ in range(amount)]
