"""Checkpoints: one each five minutes however many processes there are, and one for whoever asks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.audit.verification import AuditReport
from printapic.application.ports.audit import CheckpointsUnavailable
from printapic.domain.audit.checkpoint import AuditCheckpoint
from printapic.domain.audit.event import AuditAction, AuditEvent
from tests.shop_floor import MINUTE, NOON, ShopFloor, notary


def log(floor: ShopFloor, *actions: AuditAction) -> None:
    with floor.unit_of_work() as work:
        for action in actions:
            work.audit.append(AuditEvent(at=floor.clock.now(), action=action))
        work.commit()


def kept(floor: ShopFloor) -> list[AuditCheckpoint]:
    return [AuditCheckpoint.read(text, notary().seal.mac) for text in floor.checkpoints.all()]


def test_a_checkpoint_says_where_each_stream_ends(floor: ShopFloor) -> None:
    log(floor, AuditAction.LOGGED_IN, AuditAction.LOGGED_OUT, AuditAction.KEYS_ROTATED)
    made = floor.shop.seal_audit_log()
    assert made.at == floor.clock.now()
    assert {head.stream: head.sequence for head in made.heads} == {"admin": 1, "auth": 2}
    assert kept(floor) == [made]


def test_five_minutes_have_one_checkpoint_however_often_it_is_asked_for(floor: ShopFloor) -> None:
    next_ones = {floor.shop.schedule_checkpoint() for _ in range(3)}
    floor.later(MINUTE)
    next_ones.add(floor.shop.schedule_checkpoint())
    floor.work()
    assert next_ones == {NOON + 5 * MINUTE}
    assert [each.at for each in kept(floor)] == [NOON + MINUTE]


def test_the_next_five_minutes_have_the_next_one(floor: ShopFloor) -> None:
    for minute in (0, 5, 9, 10, 10):
        floor.clock.advance(NOON + minute * MINUTE - floor.clock.now())
        floor.shop.schedule_checkpoint()
        floor.work()
    assert [each.at for each in kept(floor)] == [NOON, NOON + 5 * MINUTE, NOON + 10 * MINUTE]


def test_what_was_missed_is_not_made_up_for(floor: ShopFloor) -> None:
    floor.shop.schedule_checkpoint()
    floor.later(timedelta(days=3, seconds=7))
    assert floor.shop.schedule_checkpoint() == NOON + timedelta(days=3, minutes=5)
    floor.work()
    assert len(kept(floor)) == 2


def test_a_place_that_cannot_be_reached_is_tried_again_and_holds_nobody_up(floor: ShopFloor) -> None:
    floor.checkpoints.broken = True
    floor.shop.schedule_checkpoint()
    floor.work()
    assert floor.failed() == ["SealAuditLog: CheckpointsUnavailable audit-checkpoints-unavailable"]
    with pytest.raises(CheckpointsUnavailable):
        floor.shop.seal_audit_log()
    log(floor, AuditAction.LOGGED_IN)
    floor.checkpoints.broken = False
    floor.later(5 * MINUTE)
    floor.shop.schedule_checkpoint()
    floor.work()
    assert len(kept(floor)) == 2
    assert floor.shop.verify_audit_log().intact


def test_a_log_in_which_nothing_happened_yet_is_intact(floor: ShopFloor) -> None:
    assert floor.shop.verify_audit_log() == AuditReport(entries=0, checkpoints=0, findings=())
    floor.shop.seal_audit_log()
    assert floor.shop.verify_audit_log() == AuditReport(entries=0, checkpoints=1, findings=())
