"""What was done to a chain is found out from what is left of it; see also the thousand tamperings in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from printapic.domain.audit.chain import GENESIS, sealed
from printapic.domain.audit.entry import DamagedEntry
from printapic.domain.audit.tampering import AuditFinding, Row, Tampering, judge
from tests.unit.domain.audit.chains import a_chain, chained, entry, forged, mac, numbered


def found(rows: Sequence[Row]) -> tuple[int, Tampering] | None:
    finding = judge("auth", iter(rows), mac).finding
    return None if finding is None else (finding.sequence, finding.what)


def damaged(sequence: int | None) -> DamagedEntry:
    return DamagedEntry(stream="auth", sequence=sequence)


def test_an_untouched_chain_is_genuine_to_its_end() -> None:
    assert judge("auth", a_chain(6), mac).genuine == 6
    assert found(a_chain(6)) is None
    assert judge("auth", [], mac).genuine == 0


def test_a_chain_goes_on_under_another_key() -> None:
    assert found(chained([entry(1), entry(2, "k2"), entry(3)])) is None


def test_what_is_behind_the_first_wrong_row_is_not_called_genuine() -> None:
    rows = a_chain(6)
    rows[2] = attrs.evolve(rows[2], request_id="other")
    verdict = judge("auth", rows, mac)
    assert verdict.genuine == 2
    assert verdict.finding == AuditFinding(stream="auth", sequence=3, what=Tampering.EDITED)


@pytest.mark.parametrize("number", [1, 3, 6])
@pytest.mark.parametrize("change", [{"request_id": "other"}, {"mac": "e" * 64}])
def test_a_row_that_was_edited(number: int, change: dict[str, Any]) -> None:
    rows = a_chain(6)
    rows[number - 1] = attrs.evolve(rows[number - 1], **change)
    assert found(rows) == (number, Tampering.EDITED)


def test_a_row_that_was_edited_before_one_that_cannot_be_read() -> None:
    rows: list[Row] = [*a_chain(3), damaged(4)]
    rows[2] = attrs.evolve(a_chain(3)[2], request_id="other")
    assert found(rows) == (3, Tampering.EDITED)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_row_that_is_gone(number: int) -> None:
    rows = a_chain(6)
    del rows[number - 1]
    assert found(rows) == (number, Tampering.MISSING)


def test_a_row_that_is_gone_with_its_number() -> None:
    rows = a_chain(6)
    del rows[2]
    assert found(numbered(rows)) == (3, Tampering.MISSING)


@pytest.mark.parametrize("number", [1, 4, 6])
def test_a_row_that_was_put_in_between(number: int) -> None:
    rows = a_chain(6)
    rows.insert(number - 1, forged(number))
    assert found(numbered(rows)) == (number, Tampering.INSERTED)


def test_a_row_whose_number_is_there_twice() -> None:
    rows = a_chain(6)
    rows.insert(3, forged(3))
    assert found(rows) == (3, Tampering.INSERTED)


def test_a_row_with_a_number_that_no_row_has() -> None:
    assert found([attrs.evolve(forged(1), sequence=-3), *a_chain(2)]) == (-3, Tampering.INSERTED)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 5), (5, 6), (1, 6)])
def test_rows_that_changed_places(one: int, other: int) -> None:
    rows = a_chain(6)
    rows[one - 1], rows[other - 1] = rows[other - 1], rows[one - 1]
    assert found(numbered(rows)) == (one, Tampering.REORDERED)


def test_rows_that_changed_places_around_one_that_cannot_be_read() -> None:
    rows = a_chain(6)
    rows[0], rows[5] = rows[5], rows[0]
    swapped: list[Row] = [*numbered(rows)]
    swapped[2] = damaged(3)
    assert found(swapped) == (1, Tampering.REORDERED)


@pytest.mark.parametrize("number", [1, 4])
def test_an_end_that_somebody_sealed_with_a_key_of_theirs(number: int) -> None:
    rows = a_chain(6)
    previous = rows[number - 2].mac if number > 1 else GENESIS
    for at in range(number - 1, 6):
        rows[at] = sealed(rows[at], previous, lambda message, key_id: mac(b"!" + message, key_id))
        previous = rows[at].mac
    assert found(rows) == (number, Tampering.REWRITTEN)


def test_a_row_under_a_key_that_nobody_has() -> None:
    rows = a_chain(6)
    rows[3] = attrs.evolve(rows[3], key_id="k9")
    assert found(rows) == (4, Tampering.UNKNOWN_KEY)


def test_a_wrong_row_among_rows_under_keys_that_nobody_has() -> None:
    rows = a_chain(4)
    rows[1] = attrs.evolve(rows[1], request_id="other")
    rows[2:] = [attrs.evolve(row, key_id="k9") for row in rows[2:]]
    assert found(rows) == (2, Tampering.REWRITTEN)


@pytest.mark.parametrize("sequence", [3, None])
def test_a_row_that_cannot_be_read(sequence: int | None) -> None:
    assert found([*a_chain(2), damaged(sequence)]) == (3, Tampering.EDITED)
