"""What an event becomes before it is stored, and what can be read of it later."""

from __future__ import annotations

import attrs

from printapic.domain.actors import Caller
from printapic.domain.audit.chain import GENESIS, ChainHead, follows
from printapic.domain.audit.entry import AuditRecord
from printapic.domain.ids import UserId
from tests import builders as b
from tests.shop_floor import notary

EMPTY = ChainHead(stream="auth")


def no_key(user_id: UserId) -> str | None:
    raise AssertionError("nobody's key is needed")


def test_an_entry_is_sealed_behind_the_head() -> None:
    seal, wrapped = notary(), notary().cipher.new_key(b.CUSTOMER)
    first = seal.entry(seal.draft(b.an_audit_event(), lambda _: wrapped), EMPTY)
    assert (first.sequence, first.stream) == (1, "auth")
    assert follows(first, GENESIS, seal.seal.mac)


def test_nobodys_key_is_asked_for_where_there_is_nothing_to_hide() -> None:
    draft = notary().draft(b.an_audit_event(caller=Caller(request_id="req-1")), no_key)
    assert (draft.sealed, draft.network) == (None, None)


def test_a_data_key_that_was_damaged_costs_the_address_and_not_the_entry() -> None:
    seal = notary()
    draft = seal.draft(b.an_audit_event(), lambda _: "s1.gone.AAAA")
    record = seal.record(seal.entry(draft, EMPTY), "s1.gone.AAAA")
    assert (record.erased, record.caller) == (True, Caller(request_id="req-1"))


def test_a_text_that_is_another_subjects_stays_closed() -> None:
    seal = notary()
    stranger = UserId(b.new_id())
    keys = {user: seal.cipher.new_key(user) for user in (b.CUSTOMER, stranger)}
    entry = seal.entry(seal.draft(b.an_audit_event(), keys.__getitem__), EMPTY)
    assert seal.record(entry, keys[b.CUSTOMER]).caller == b.an_audit_event().caller
    moved = attrs.evolve(entry, subject_id=stranger)
    assert seal.record(moved, keys[stranger]).erased
    assert seal.record(moved, keys[b.CUSTOMER]).erased


def test_without_the_data_key_a_caller_is_erased() -> None:
    seal, wrapped = notary(), notary().cipher.new_key(b.CUSTOMER)
    entry = seal.entry(seal.draft(b.an_audit_event(), lambda _: wrapped), EMPTY)
    assert seal.record(entry, None) == AuditRecord(
        entry=entry, caller=Caller(request_id="req-1"), erased=True
    )
