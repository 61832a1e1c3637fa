"""What every maker of identifiers does."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from printapic.adapters.system.identifiers import RandomIdentifiers, SeededIdentifiers
from printapic.application.ports.identifiers import Identifiers

MAKERS: dict[str, Callable[[], Identifiers]] = {
    "random": RandomIdentifiers,
    "seeded": lambda: SeededIdentifiers(7),
}
ORDER_NUMBER = re.compile(r"PA-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")


@pytest.fixture(params=MAKERS)
def identifiers(request: pytest.FixtureRequest) -> Identifiers:
    return MAKERS[request.param]()


def test_a_uuid_is_one_of_version_7(identifiers: Identifiers) -> None:
    made = identifiers.uuid()
    assert (type(made), made.version, made.variant) == (UUID, 7, RFC_4122)


def test_uuids_sort_by_creation(identifiers: Identifiers) -> None:
    made = [identifiers.uuid() for _ in range(5_000)]
    assert made == sorted(made)
    assert [str(each) for each in made] == sorted(str(each) for each in made)


def test_no_uuid_is_made_twice_whatever_the_threads(identifiers: Identifiers) -> None:
    def make(_: int) -> list[UUID]:
        return [identifiers.uuid() for _ in range(5_000)]

    with ThreadPoolExecutor(4) as threads:
        made = [uuid for batch in threads.map(make, range(4)) for uuid in batch]
    assert len(set(made)) == len(made) == 20_000


def test_uuids_cannot_be_guessed_from_their_neighbours(identifiers: Identifiers) -> None:
    tails = [identifiers.uuid().int & (1 << 32) - 1 for _ in range(2_000)]
    ones = [sum(tail >> bit & 1 for tail in tails) for bit in range(32)]
    assert all(800 < count < 1_200 for count in ones)  # nine standard deviations


def test_an_order_number_is_eight_letters_that_nobody_misreads(identifiers: Identifiers) -> None:
    assert all(ORDER_NUMBER.fullmatch(identifiers.order_number()) for _ in range(2_000))


def test_every_letter_of_an_order_number_carries_five_random_bits(identifiers: Identifiers) -> None:
    numbers = [identifiers.order_number().replace("-", "")[2:] for _ in range(4_000)]
    for place in range(8):
        assert len({number[place] for number in numbers}) == 32


def test_order_numbers_hardly_ever_collide(identifiers: Identifiers) -> None:
    """Of 20,000 with 40 bits, two are equal once in 5,000 runs, and two pairs practically never."""
    made = [identifiers.order_number() for _ in range(20_000)]
    assert len(set(made)) >= len(made) - 1
