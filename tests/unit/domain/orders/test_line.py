"""Lines: warnings that were seen, and the one file that is printed."""

from __future__ import annotations

from datetime import datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.orders.line import (
    Acknowledgement,
    OrderLine,
    PrintBlocked,
    PrintState,
    WarningsUnacknowledged,
)
from tests.unit.domain.orders.orders_at_work import NOON, line, print_file

CODES = st.sets(st.sampled_from(["LOW_RESOLUTION", "AUTO_CROP", "ALPHA_FLATTENED", "FOCUS_UNSAFE"]))


def test_consent_keeps_when_it_was_given_and_the_figure_that_was_shown() -> None:
    seen = line(warnings=["LOW_RESOLUTION"]).acknowledged(frozenset({"LOW_RESOLUTION"}), position=0, at=NOON)
    assert seen.acknowledgements == (Acknowledgement(code="LOW_RESOLUTION", effective_dpi="312.5", at=NOON),)


@given(shown=CODES, agreed=CODES)
def test_every_warning_needs_consent_and_consent_to_anything_else_is_not_kept(
    shown: set[str], agreed: set[str]
) -> None:
    doubtful = line(warnings=sorted(shown))
    if shown <= agreed:
        seen = doubtful.acknowledged(frozenset(agreed), position=4, at=NOON)
        assert [each.code for each in seen.acknowledgements] == sorted(shown)
    else:
        with pytest.raises(WarningsUnacknowledged) as refused:
            doubtful.acknowledged(frozenset(agreed), position=4, at=NOON)
        assert refused.value.details == {"line": 4, "warnings": sorted(shown - agreed)}


def test_no_consent_helps_against_a_block() -> None:
    with pytest.raises(PrintBlocked) as refused:
        line(blocks=["ASPECT_MISMATCH"], warnings=["AUTO_CROP"]).acknowledged(
            frozenset({"ASPECT_MISMATCH", "AUTO_CROP"}), position=2, at=NOON
        )
    assert refused.value.details == {"line": 2, "findings": ["ASPECT_MISMATCH"]}


def test_the_moment_of_consent_has_a_zone() -> None:
    with pytest.raises(ValueError, match="must be an aware UTC time"):
        Acknowledgement(code="x", effective_dpi="1", at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_failed_rendering_can_be_repeated_until_there_is_a_file() -> None:
    failed = line().render_failed("decoder-crashed")
    assert (failed.print_state, failed.print_failure) == (PrintState.FAILED, "decoder-crashed")
    again = failed.render_failed("out-of-memory")
    assert again.print_failure == "out-of-memory"
    ready = again.rendered(print_file())
    assert (ready.print_state, ready.print_file, ready.print_failure) == (
        PrintState.READY,
        print_file(),
        None,
    )


def test_a_file_for_the_printer_is_never_replaced() -> None:
    ready = line().rendered(print_file())
    assert ready.rendered(print_file("ef")) == ready
    assert ready.render_failed("late") == ready


@pytest.mark.parametrize("change", [OrderLine.render_failed, OrderLine.rendered])
def test_rendering_touches_nothing_that_was_promised(change: object) -> None:
    before = line()
    after = before.render_failed("x") if change is OrderLine.render_failed else before.rendered(print_file())
    kept = [field.name for field in attrs.fields(OrderLine) if not field.name.startswith("print_")]
    assert [getattr(before, name) for name in kept] == [getattr(after, name) for name in kept]
