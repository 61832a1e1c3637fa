"""The picture of an order's life in the README is the table of transitions, arrow by arrow."""

from __future__ import annotations

import re
from pathlib import Path

from printapic.domain.orders.status import TRANSITIONS, OrderStatus

README = Path(__file__).parents[4] / "README.md"
MARKER = "<!-- order-states -->"
ARROW = re.compile(r"(?P<source>\S+) --> (?P<target>[^\s:]+)(: (?P<trigger>\S+))?")
OUTSIDE = "[*]"


def arrows() -> list[tuple[str, str, str | None]]:
    """Every line of the diagram, as (source, target, trigger)."""
    before, diagram, after = README.read_text("utf-8").split(MARKER)
    assert before
    assert after
    fence, kind, *lines, end = diagram.strip().splitlines()
    assert (fence, kind, end) == ("```mermaid", "stateDiagram-v2", "```")
    matches = [ARROW.fullmatch(line.strip()) for line in lines]
    return [(match["source"], match["target"], match["trigger"]) for match in matches if match is not None]


def test_every_line_of_the_picture_is_an_arrow_and_none_is_drawn_twice() -> None:
    diagram = README.read_text("utf-8").split(MARKER)[1]
    assert len(arrows()) == len(diagram.strip().splitlines()) - 3
    assert len(set(arrows())) == len(arrows())


def test_the_arrows_of_the_picture_are_the_rows_of_the_table() -> None:
    drawn = {arrow for arrow in arrows() if OUTSIDE not in arrow}
    assert drawn == {
        (row.source.value, target.value, row.trigger.value) for row in TRANSITIONS for target in row.targets
    }


def test_an_order_begins_by_being_placed_and_ends_where_no_row_leads_on() -> None:
    assert [arrow for arrow in arrows() if arrow[0] == OUTSIDE] == [(OUTSIDE, "awaiting_payment", "place")]
    last = set(OrderStatus) - {row.source for row in TRANSITIONS}
    assert {arrow[0] for arrow in arrows() if arrow[1] == OUTSIDE} == last
