"""A provider that lives on beside a shop that dies again and again, and the counting afterwards."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import attrs

from printapic.domain.ids import OrderId
from printapic.domain.payments.attempt import Provider
from tests.integration.contracts.gateway_drivers import NOON
from tests.integration.payments.closing import all_is_done
from tests.integration.payments.floor import PRICE
from tests.integration.payments.mortal import Ending, Heart, Life, opened_floor
from tests.integration.payments.sides import books_of
from tests.integration.payments.stories import ENDS, Story
from tests.providers.books import ProviderBooks
from tests.providers.notifications import every_parcel
from tests.providers.paypal.opening import account_on
from tests.providers.process import ROOT, ProviderProcess
from tests.shop_floor import HOUR, PRICES

FINAL_WITHIN = timedelta(seconds=60)
"""By when everything is decided again after a death: leases and pauses of jobs included."""
STEP = timedelta(seconds=15)
KEPT: Mapping[Story, int] = {Story.CHECKOUT: 300, Story.CAPTURE: 300, Story.REFUND: 200, Story.CANCEL: 0}
"""What of an order's price is ours in the end, in minor units."""


class Mortals:
    """One process that has everything loaded, and whose children lead the lives: each is born in no time."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.payments.mortal"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def lead(self, life: Life) -> int:
        """Lead it to its end; how it ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(attrs.asdict(life)) + "\n")
        stdin.flush()
        ended = int(stdout.readline())
        if ended == Ending.BROKEN:
            raise AssertionError(f"{life} broke: {self.log()[-4000:]}")
        return ended

    def log(self) -> str:
        return Path(self._log.name).read_text("utf-8", "replace")

    def close(self) -> None:
        self._process.communicate()
        self._log.close()


@attrs.frozen(kw_only=True)
class Street:
    """A provider in a process of its own, and where the shop lives. `life` is the pattern of all lives."""

    provider: Provider
    books: ProviderBooks
    mortals: Mortals
    life: Life

    def order(self, story: Story) -> Life:
        """A new order's first life. What was told before it concerns others."""
        with opened_floor(self.life, Heart()) as floor:
            order = floor.places(key=str(uuid4()))
        with self.books.entry() as entry:
            since = len(every_parcel(entry))
        return attrs.evolve(self.life, story=story.value, order_id=str(order.id), since=since)

    def live_on(self, life: Life) -> timedelta:
        """Go on until the story has ended; how long that took after the death."""
        undisturbed = attrs.evolve(life, at=0, dies_after_s=None)
        waited = timedelta(0)
        while self.mortals.lead(undisturbed) != Ending.DONE:
            waited += STEP
            assert waited <= FINAL_WITHIN, f"nothing final {waited} after {life}"
            self.books.pass_time(STEP)
        return waited

    def check(self, lives: Sequence[Life]) -> None:
        """Count everything: each order as it must be, and all books alike."""
        with opened_floor(self.life, Heart()) as floor:
            with floor.units.reading() as work:
                floor.orders = [work.orders.get(OrderId(UUID(life.order_id))) for life in lives]
            floor.later(2 * HOUR)
            floor.later(2 * HOUR)
            for life, order in zip(lives, floor.orders, strict=True):
                if life.story != Story.CHECKOUT:
                    assert floor.status(order) == ENDS[Story(life.story)], life
                assert floor.payment(order).captured == PRICE, life
            kept = sum(line.amount.minor for line in floor.provider.ledger())
            assert kept == sum(KEPT[Story(life.story)] for life in lives)
            all_is_done(floor)


@contextmanager
def street(folder: Path, provider: Provider, database: str) -> Iterator[Street]:
    """`database` is migrated and empty."""
    books = ProviderBooks(books_of(provider, folder))
    books.stand_still(NOON)
    if provider is Provider.PAYPAL:
        account_on(books, sandbox=True)
    process = ProviderProcess(provider.value, books=books_of(provider, folder))
    mortals = Mortals(folder / "mortals.log")
    life = Life(
        provider=provider.value,
        url=process.url,
        folder=str(folder),
        database=database,
        story=Story.CHECKOUT.value,
        order_id="",
        since=0,
    )
    try:
        with opened_floor(life, Heart(), prices=PRICES) as floor:
            assert floor.anna is not None
        yield Street(provider=provider, books=books, mortals=mortals, life=life)
    finally:
        mortals.close()
        process.close()
        books.close()


def die_at_steps(on: Street, story: Story, *, first: int = 1, every: int = 1) -> int:
    """Die before and after each step of the story, or every so many; how many deaths there were."""
    lives: list[Life] = []
    deaths = 0
    for after in (False, True):
        died, at = True, first
        while died:
            life = attrs.evolve(on.order(story), at=at, after=after)
            lives.append(life)
            died = on.mortals.lead(life) == -signal.SIGKILL
            on.live_on(life)
            deaths += died
            at += every
    on.check(lives)
    return deaths


def die_at_random(on: Street, deaths: int, *, longest_life_s: float, seed: int) -> int:
    """Die at random moments of random stories, more than once in some; how many orders that took."""
    chance = random.Random(seed)
    lives: list[Life] = []
    done = 0
    while done < deaths:
        life = on.order(chance.choice(list(Story)))
        lives.append(life)
        while done < deaths:
            moment = chance.uniform(0, longest_life_s)
            ended = on.mortals.lead(attrs.evolve(life, dies_after_s=moment))
            done += ended == -signal.SIGKILL
            if ended == Ending.DONE or chance.random() < 0.7:
                break
            on.books.pass_time(STEP)
        on.live_on(life)
    on.check(lives)
    return len(lives)
