"""Looking into the log."""

from __future__ import annotations

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.domain.audit.event import AuditAction, AuditEvent, AuditStream
from tests.shop_floor import MINUTE, ShopFloor


def test_the_log_is_read_from_its_newest_entry_on_and_remembers_no_reader(floor: ShopFloor) -> None:
    for action in (AuditAction.LOGGED_IN, AuditAction.ROLES_CHANGED, AuditAction.LOGGED_OUT):
        with floor.unit_of_work() as work:
            work.audit.append(AuditEvent(at=floor.clock.now(), action=action))
            work.commit()
        floor.clock.advance(MINUTE)
    found = floor.shop.read_audit_log(query=AuditQuery(), limit=2)
    assert [record.entry.action for record in found] == ["session.ended", "user.roles-changed"]
    last = found[-1].entry
    place = AuditPosition(at=last.at, stream=last.stream, sequence=last.sequence)
    rest = floor.shop.read_audit_log(query=AuditQuery(), before=place)
    assert [record.entry.action for record in rest] == ["session.started"]
    admin = floor.shop.read_audit_log(query=AuditQuery(stream=AuditStream.ADMIN))
    assert [record.entry.action for record in admin] == ["user.roles-changed"]
