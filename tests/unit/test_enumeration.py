"""What the benchmark of account enumeration makes of its measurements."""

from __future__ import annotations

import math
import random
from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.enumeration import ROUTES, Answer, Line, auc, deviation

TIMES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("known", "unknown", "expected"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 2, 3], [1, 2, 3], 0.5),
        ([1, 1, 1], [1], 0.5),
        ([1, 4], [2, 3], 0.5),
        ([2, 3], [1, 2], 0.875),
        ([1, 3], [2], 0.5),
        ([2, 3, 9], [1, 5], 4 / 6),
    ],
)
def test_the_auc_of_a_few_values(known: list[float], unknown: list[float], expected: float) -> None:
    assert auc(known, unknown) == expected


@given(TIMES, TIMES)
def test_the_auc_is_the_share_of_pairs_that_the_known_one_wins(
    known: list[float], unknown: list[float]
) -> None:
    wins = sum(
        1.0 if ours > theirs else 0.5 if ours == theirs else 0.0 for ours, theirs in product(known, unknown)
    )
    assert math.isclose(auc(known, unknown), wins / (len(known) * len(unknown)))
    assert math.isclose(auc(known, unknown) + auc(unknown, known), 1)


def test_lots_that_tell_nothing_stray_as_far_as_the_deviation_says() -> None:
    dice = random.Random(20261122)
    lots = [auc([dice.random() for _ in range(40)], [dice.random() for _ in range(60)]) for _ in range(400)]
    inside = sum(abs(lot - 0.5) <= 1.96 * deviation(40, 60) for lot in lots)
    assert 0.92 <= inside / len(lots) <= 0.98


def line(known: float, unknown: float, *, pairs: int = 600, seen: object = 401, name: str = "login") -> Line:
    """A line of answers that came after some milliseconds, give or take one."""
    dice = random.Random(1)
    [route] = [route for route in ROUTES if route.name == name]

    def answers(around: float, status: object) -> list[Answer]:
        return [Answer(took_s=around + dice.uniform(-1, 1), seen=(status, "the body")) for _ in range(pairs)]

    return Line(
        route=route,
        password="wrong",
        account="same cost",
        known=answers(known, seen),
        unknown=answers(unknown, 401),
    )


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (line(5, 5), "tells nothing"),
        (line(5.5, 5), "TELLS"),
        (line(5, 5.5), "TELLS"),
        (line(5, 5, seen=403), "ANSWERS DIFFER"),
        (line(5, 9, pairs=12), "too few to say"),
        (line(5, 5, name="control: login"), "cannot be seen: MEASURE AGAIN"),
        (line(5, 9, name="control: login", seen=201), "seen, as it must be"),
    ],
)
def test_the_verdict_follows_from_what_was_seen(measured: Line, verdict: str) -> None:
    assert measured.verdict == verdict


def test_a_route_that_is_not_there_yet_is_said_to_be() -> None:
    gone = [Answer(took_s=1, seen=(404, ""))] * 600
    assert attrs.evolve(line(5, 5), known=gone, unknown=gone).verdict == "no such route yet"


def test_a_body_that_differs_is_seen_even_where_the_status_is_the_same() -> None:
    same = line(5, 5)
    other = attrs.evolve(same.known[0], seen=(401, "another body"))
    assert attrs.evolve(same, known=[*same.known[1:], other]).verdict == "ANSWERS DIFFER"
