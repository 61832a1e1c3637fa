"""Each entry seals itself and everything before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from printapic.domain.audit.chain import GENESIS, ChainHead, canonical, follows
from printapic.domain.audit.entry import AuditEntry
from tests.unit.domain.audit.chains import a_chain, entry, mac

FIELDS = [field.name for field in attrs.fields(AuditEntry) if field.name != "mac"]


def other(value: Any) -> Any:
    """Something else that a field of this kind may hold."""
    match value:
        case str():
            return value + " "
        case int():
            return value + 1
        case dict():
            return {**value, "m": "1"}
        case None:
            return "00"
    return value + timedelta(microseconds=1) if hasattr(value, "isoformat") else None


def test_a_genuine_chain_holds_from_its_beginning() -> None:
    previous = GENESIS
    for each in a_chain():
        assert follows(each, previous, mac)
        previous = each.mac


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_sealed(name: str) -> None:
    whole = entry(1)
    changed = attrs.evolve(whole, **{name: other(getattr(whole, name))})
    assert canonical(changed, GENESIS) != canonical(whole, GENESIS)


def test_a_seal_holds_behind_one_entry_only() -> None:
    first, second, _ = a_chain(3)
    assert not follows(second, GENESIS, mac)
    assert not follows(first, second.mac, mac)


def test_a_value_cannot_pass_for_two_fields() -> None:
    """What is sealed has one reading: moving text from one field into the next is noticed."""
    one = attrs.evolve(entry(1), request_id='a","sealed":"b', sealed=None)
    two = attrs.evolve(entry(1), request_id="a", sealed="b")
    assert canonical(one, GENESIS) != canonical(two, GENESIS)


def test_the_order_in_which_details_were_given_does_not_matter() -> None:
    whole = entry(1)
    one = attrs.evolve(whole, details={"a": "1", "b": "2"})
    two = attrs.evolve(whole, details={"b": "2", "a": "1"})
    assert canonical(one, GENESIS) == canonical(two, GENESIS)


def test_the_key_is_the_one_that_the_entry_names() -> None:
    (genuine,) = a_chain(1)
    assert not follows(attrs.evolve(genuine, key_id="k2"), GENESIS, mac)
    with pytest.raises(LookupError):
        follows(attrs.evolve(genuine, key_id="k9"), GENESIS, mac)


def test_an_empty_stream_has_a_head_too() -> None:
    assert ChainHead(stream="auth") == ChainHead(stream="auth", sequence=0, mac="0" * 64)
