"""The report on the audit log: what the chains prove, and what only the checkpoints can."""

from __future__ import annotations

from collections.abc import Hashable

import attrs
import pytest

from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.users.keyring import KeyRing
from printapic.application.audit import verification
from printapic.application.audit.checkpoints import SealAuditLog
from printapic.application.audit.verification import AuditReport
from printapic.domain.audit.chain import GENESIS, sealed
from printapic.domain.audit.entry import AuditEntry
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.audit.tampering import AuditFinding, Tampering
from tests.shop_floor import ShopFloor, notary


@pytest.fixture
def floor(floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> ShopFloor:
    """A shop whose log is read in small pages, with six entries and a checkpoint behind the third."""
    monkeypatch.setattr(verification, "_PAGE", 2)
    log(floor, 3)
    floor.shop.seal_audit_log()
    log(floor, 3)
    return floor


def log(floor: ShopFloor, count: int, action: AuditAction = AuditAction.LOGGED_IN) -> None:
    with floor.unit_of_work() as work:
        for _ in range(count):
            work.audit.append(AuditEvent(at=floor.clock.now(), action=action))
        work.commit()


def entries(floor: ShopFloor) -> list[AuditEntry]:
    rows = floor.unit_of_work.state.tables()["audit_log"].values()
    return sorted((row for row in rows if row.stream == "auth"), key=lambda row: row.sequence)


def replace(floor: ShopFloor, rows: list[AuditEntry]) -> None:
    """Put these in the place of the log, as nobody but the owner of the database could."""
    tables = floor.unit_of_work.state.tables()
    changed: dict[Hashable, AuditEntry] = {(row.stream, row.sequence): row for row in rows}
    floor.unit_of_work.state.publish({**tables, "audit_log": changed}, lambda: None)


def resealed(rows: list[AuditEntry]) -> list[AuditEntry]:
    """The same entries from another time, sealed with the real key."""
    previous, made = GENESIS, []
    for row in rows:
        made.append(sealed(attrs.evolve(row, request_id="another"), previous, notary().seal.mac))
        previous = made[-1].mac
    return made


def findings(report: AuditReport) -> list[tuple[str, int, Tampering, int]]:
    return [(each.stream, each.sequence, each.what, each.trusted_until) for each in report.findings]


def test_an_untouched_log_is_intact(floor: ShopFloor) -> None:
    report = floor.shop.verify_audit_log()
    assert (report.intact, report.entries, report.checkpoints) == (True, 6, 1)


def test_a_log_that_was_emptied_is_cut_off_from_its_first_row(floor: ShopFloor) -> None:
    replace(floor, [])
    assert findings(floor.shop.verify_audit_log()) == [("auth", 1, Tampering.TRUNCATED, 0)]


def test_the_first_wrong_row_of_each_stream_is_named(floor: ShopFloor) -> None:
    log(floor, 2, AuditAction.KEYS_ROTATED)
    rows = list(floor.unit_of_work.state.tables()["audit_log"].values())
    replace(floor, [attrs.evolve(row, request_id="x") if row.sequence > 1 else row for row in rows])
    assert findings(floor.shop.verify_audit_log()) == [
        ("admin", 2, Tampering.EDITED, 0),
        ("auth", 2, Tampering.REWRITTEN, 0),
    ]


def test_an_end_that_was_cut_off_is_missed_by_the_checkpoint_alone(floor: ShopFloor) -> None:
    replace(floor, entries(floor)[:2])
    assert findings(floor.shop.verify_audit_log()) == [("auth", 3, Tampering.TRUNCATED, 0)]


def test_behind_the_last_checkpoint_an_end_may_be_cut_off_unnoticed(floor: ShopFloor) -> None:
    replace(floor, entries(floor)[:4])
    assert floor.shop.verify_audit_log().intact


def test_what_was_sealed_anew_with_the_real_key_is_another_than_the_checkpoint_remembers(
    floor: ShopFloor,
) -> None:
    floor.shop.seal_audit_log()
    kept = entries(floor)[:3]
    replace(floor, resealed(entries(floor)))
    assert findings(floor.shop.verify_audit_log()) == [("auth", 3, Tampering.REWRITTEN, 0)]
    replace(floor, kept)
    log(floor, 3, AuditAction.LOGGED_OUT)
    assert findings(floor.shop.verify_audit_log()) == [("auth", 6, Tampering.REWRITTEN, 3)]


def test_the_row_of_a_checkpoint_that_is_gone_is_missing(floor: ShopFloor) -> None:
    rows = entries(floor)
    del rows[2]
    assert rows[2].sequence == 4
    replace(floor, rows)
    assert findings(floor.shop.verify_audit_log()) == [("auth", 3, Tampering.MISSING, 0)]


def test_a_stream_that_nobody_writes_is_put_in(floor: ShopFloor) -> None:
    stray = attrs.evolve(entries(floor)[0], stream="other", sequence=77)
    replace(floor, [*entries(floor), stray])
    assert findings(floor.shop.verify_audit_log()) == [("other", 77, Tampering.INSERTED, 0)]


def test_forged_checkpoints_are_counted_out_and_the_first_is_named(floor: ShopFloor) -> None:
    genuine = next(floor.checkpoints.all())
    for text in (genuine.replace(":3", ":2"), "no JSON", genuine):
        floor.checkpoints.append(text, at=floor.clock.now())
    report = floor.shop.verify_audit_log()
    assert report.checkpoints == 2
    assert findings(report) == [("checkpoints", 2, Tampering.FORGED, 0)]


def test_a_checkpoint_under_a_key_that_nobody_has_proves_nothing(floor: ShopFloor) -> None:
    other = HmacAuditSeal(KeyRing.generate())
    SealAuditLog(floor.unit_of_work, other, floor.checkpoints, floor.clock)()
    report = floor.shop.verify_audit_log()
    assert report.findings == (AuditFinding(stream="checkpoints", sequence=2, what=Tampering.UNKNOWN_KEY),)


def test_checkpoints_may_overtake_each_other(floor: ShopFloor) -> None:
    """Two processes may write at the same moment, in either order."""
    older = next(floor.checkpoints.all())
    floor.shop.seal_audit_log()
    floor.checkpoints.append(older, at=floor.clock.now())
    report = floor.shop.verify_audit_log()
    assert (report.intact, report.checkpoints) == (True, 3)
